package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// forwardedRelease is a release of its own whose webhooks name its Service, as
// the chart has it: its replicas are the pods of its Deployment.
const forwardedRelease = "forwarded"

// TestCertsForwarded looks at replicas that only the API server can reach, and
// renews what they serve.
func TestCertsForwarded(t *testing.T) {
	injector, address := newForwardedRelease(t)
	flags := []string{"-n", forwardedRelease, "--name", forwardedRelease}
	t.Run("status", func(t *testing.T) {
		status := certsStatus(t, 0, flags...)
		if len(status.Replicas) != 2 {
			t.Fatalf("got replicas %+v, want two", status.Replicas)
		}
		ready := 0
		for _, replica := range status.Replicas {
			if !strings.HasPrefix(replica.Name, forwardedRelease+"-") || !replica.FromSecret || !replica.Trusted || replica.Ready == nil {
				t.Fatalf("got replica %+v", replica)
			}
			if *replica.Ready {
				ready++
			}
		}
		if ready != 1 {
			t.Errorf("%d replicas are ready, want one of the two", ready)
		}
		if host := status.Webhooks.Entries[0].Host; host != "forwarded.forwarded.svc" {
			t.Errorf("the host is %q", host)
		}
	})
	t.Run("renew", func(t *testing.T) {
		before := certsStatus(t, 0, flags...)
		renewCerts(t, append(flags, "--replica="+address)...)
		after := certsStatus(t, 0, flags...)
		if after.Secret.Chain[0] == before.Secret.Chain[0] || after.Secret.CA[0] != before.Secret.CA[0] {
			t.Error("want another leaf in the Secret, under the same CA")
		}
		checkServed(t, after)
	})
	t.Run("renew the CA", func(t *testing.T) {
		before := certsStatus(t, 0, flags...)
		progress := renewCerts(t, append(flags, "--ca")...)
		if asked := "asked cert-manager to issue Certificate forwarded/forwarded-ca again\n"; !strings.HasPrefix(progress, asked) {
			t.Errorf("progress is %q, want %q first", progress, asked)
		}
		after := certsStatus(t, 0, flags...)
		if after.Secret.Chain[0] == before.Secret.Chain[0] || after.Secret.CA[0] == before.Secret.CA[0] {
			t.Error("want another leaf in the Secret, and another CA")
		}
		// Another replica could still serve under the old CA.
		if cas := after.Webhooks.Entries[0].CAs; len(cas) != 2 {
			t.Errorf("the CAs in caBundle are %+v, want the old and the new one", cas)
		}
		checkServed(t, after)
	})
	t.Run("replicas that are gone", func(t *testing.T) {
		if err := injector.Stop(); err != nil {
			t.Fatal(err)
		}
		for _, replica := range certsStatus(t, 1, flags...).Replicas {
			if !strings.Contains(replica.Error, "the test's kubelet: ") || !strings.Contains(replica.Error, "connection refused") {
				t.Errorf("the error is %q, want what the kubelet said", replica.Error)
			}
		}
		code, stdout, stderr := runCerts(t, append([]string{"renew", "--wait", "--timeout=15s"}, flags...)...)
		last := stderr[strings.LastIndex(strings.TrimSuffix(stderr, "\n"), "\n")+1:]
		if code != 1 || stdout != "" || !strings.HasPrefix(last, "error: wait: not done after 15s; missing is: replica forwarded-") || !strings.Contains(last, "the test's kubelet: ") {
			t.Errorf("certs renew: exit code %d, printed %q and %q", code, stdout, stderr)
		}
	})
}

// renewCerts is `certs renew --wait`, of the release, and returns its progress.
func renewCerts(t *testing.T, args ...string) (progress string) {
	t.Helper()
	code, stdout, stderr := runCerts(t, append([]string{"renew", "--wait", "--timeout=90s"}, args...)...)
	if code != 0 || !strings.HasPrefix(stdout, "renewed: ") {
		t.Fatalf("certs renew: exit code %d: %s%s", code, stdout, stderr)
	}
	if asked := "asked cert-manager to issue Certificate forwarded/forwarded-tls again\n"; !strings.Contains(stderr, asked) {
		t.Errorf("progress is %q, want %q", stderr, asked)
	}
	return stderr
}

// checkServed checks that each replica serves the Secret's leaf, trusted.
func checkServed(t *testing.T, status *certsReport) {
	t.Helper()
	for _, replica := range status.Replicas {
		if !replica.FromSecret || !replica.Trusted || replica.Leaf != status.Secret.Chain[0] {
			t.Errorf("got replica %+v, want the leaf %+v", replica, status.Secret.Chain[0])
		}
	}
}

// newForwardedRelease installs the release, until the end of the test, with one
// injector that stands for the two pods of its Deployment.
func newForwardedRelease(t *testing.T) (injector *cluster.Injector, address string) {
	t.Helper()
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	options := cluster.ChartOptions{
		Release: forwardedRelease, Namespace: forwardedRelease, WebhookAddress: address,
		Values: map[string]any{
			"replicas": 2,
			"config":   map[string]any{"namespaceLabel": "certs-test=enabled"},
			// Nobody can call a Service here.
			"failurePolicy": "Ignore",
		},
		Change: nameService,
	}
	installRelease(t, options)
	if err := shared.WaitForServingPair(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	injector, err = shared.StartInjector(t.Context(), cluster.InjectorOptions{
		Chart: options, Name: forwardedRelease, Args: []string{"--trust-slack=0s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = injector.Stop() })
	if err := shared.WaitForCABundle(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	newForwardingNode(t, "forwarding", address)
	runPods(t, "forwarding")
	return injector, address
}

// nameService has each webhook name the release's Service again.
func nameService(configuration map[string]any) {
	for _, webhook := range configuration["webhooks"].([]any) {
		webhook.(map[string]any)["clientConfig"] = map[string]any{"service": map[string]any{
			"namespace": forwardedRelease, "name": forwardedRelease, "path": "/inject/pod",
		}}
	}
}

// runPods has the release's pods run on the node, the first of them ready and the
// others not, as their kubelet would say, and waits until they are endpoints.
func runPods(t *testing.T, node string) {
	t.Helper()
	pods := shared.Client.CoreV1().Pods(forwardedRelease)
	for i, pod := range waitForPods(t, forwardedRelease, "app.kubernetes.io/instance="+forwardedRelease, 2) {
		err := pods.Bind(t.Context(), &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = pods.Delete(context.WithoutCancel(t.Context()), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
		})
		bound, err := pods.Get(t.Context(), pod.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ready := corev1.ConditionFalse
		if i == 0 {
			ready = corev1.ConditionTrue
		}
		ip := fmt.Sprintf("10.0.0.%d", i+1)
		bound.Status.Phase, bound.Status.PodIP, bound.Status.PodIPs = corev1.PodRunning, ip, []corev1.PodIP{{IP: ip}}
		bound.Status.Conditions = append(bound.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: ready})
		if _, err := pods.UpdateStatus(t.Context(), bound, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		list, err := shared.Client.DiscoveryV1().EndpointSlices(forwardedRelease).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + forwardedRelease})
		if err != nil {
			return err
		}
		count := 0
		for _, slice := range list.Items {
			count += len(slice.Endpoints)
		}
		if count != 2 {
			return fmt.Errorf("the Service has %d endpoints, want 2", count)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
