package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestIstioProfile: with Istio's own ConfigMaps, as its chart renders them, pods
// get Istio's containers; a change is in the next pod; what does not load leaves
// the last good one.
func TestIstioProfile(t *testing.T) {
	if err := shared.ApplyIstioConfigMaps(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	useChart(t, cluster.ChartOptions{Values: map[string]any{"config": map[string]any{"profile": "istio"}}})
	namespace := newNamespace(t, nil)

	pod := mustCreate(t, newPod(namespace, asks))
	if got := names(pod.Spec.InitContainers); !slices.Equal(got, []string{"istio-init", "istio-proxy"}) {
		t.Errorf("init containers %v, want istio-init and istio-proxy", got)
	}
	if got := names(pod.Spec.Containers); !slices.Equal(got, []string{"app"}) {
		t.Errorf("containers %v, want app alone", got)
	}

	t.Run("the example", func(t *testing.T) { applyExample(t, namespace) })

	t.Run("preview of quantities", func(t *testing.T) { previewQuantities(t, newNamespace(t, nil)) })

	t.Run("a ProxyConfig is, too, when there is the kind", func(t *testing.T) {
		if err := shared.ApplyIstioCRD(t.Context(), "proxyconfigs.networking.istio.io"); err != nil {
			t.Fatal(err)
		}
		_, _, err := shared.Kubectl(t.Context(), fmt.Sprintf(proxyConfig, namespace), "apply", "-f", "-")
		if err != nil {
			t.Fatal(err)
		}
		waitForProxy(t, namespace, func(proxy corev1.Container) error {
			for _, variable := range proxy.Env {
				if variable.Name == "FROM_A_RESOURCE" && variable.Value == "yes" {
					return nil
				}
			}
			return errors.New("istio-proxy has no variable of the ProxyConfig")
		})
	})

	t.Run("an old node turns native sidecars off", func(t *testing.T) {
		makeOldNode(t)
		waitForPod(t, namespace, func(pod *corev1.Pod) error {
			if got := names(pod.Spec.Containers); !slices.Contains(got, "istio-proxy") {
				return fmt.Errorf("containers %v, want istio-proxy among them", got)
			}
			return nil
		})
	})

	t.Run("a change is in the next pod", func(t *testing.T) {
		values := map[string]any{"global": map[string]any{"proxy": map[string]any{"logLevel": "trace"}}}
		if err := shared.ApplyIstioConfigMaps(t.Context(), values); err != nil {
			t.Fatal(err)
		}
		waitForArgument(t, namespace, "--proxyLogLevel=trace")
	})

	t.Run("a broken one leaves the last good one", func(t *testing.T) {
		changeIstioConfig(t, func(string) string { return "policy: enabled\ntemplates: {sidecar: '{{ if }}'}\n" })
		waitForEvent(t, "ConfigurationRefused", `template "sidecar"`)
		waitForArgument(t, namespace, "--proxyLogLevel=trace")
	})

	t.Run("and a repaired one is used", func(t *testing.T) {
		if err := shared.ApplyIstioConfigMaps(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		waitForArgument(t, namespace, "--proxyLogLevel=warning")
	})
}

// useChart upgrades the release and starts the injector with what it says, until
// the end of the case.
func useChart(t *testing.T, options cluster.ChartOptions) {
	t.Helper()
	if err := shared.injector.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.injector.Stop(); err != nil {
			t.Error(err)
		}
		ctx := context.WithoutCancel(t.Context())
		if err := shared.ApplyChart(ctx, chart("enabled")); err != nil {
			t.Error(err)
		}
		if err := startInjector(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := shared.ApplyChart(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if err := startInjector(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// applyExample creates examples/myapp.yaml and checks its two pods.
func applyExample(t *testing.T, namespace string) {
	t.Helper()
	if _, _, err := shared.Kubectl(t.Context(), "", "apply", "-n", namespace, "-f", shared.Repository+"/examples/myapp.yaml"); err != nil {
		t.Fatal(err)
	}
	for _, pod := range waitForPods(t, namespace, "app=myapp", 2) {
		if got := names(pod.Spec.InitContainers); !slices.Equal(got, []string{"istio-init", "istio-proxy"}) {
			t.Errorf("pod %s has the init containers %v, want istio-init and istio-proxy", pod.Name, got)
		}
	}
}

// waitForArgument creates pods until istio-proxy of one has the argument.
func waitForArgument(t *testing.T, namespace, argument string) {
	t.Helper()
	waitForProxy(t, namespace, func(proxy corev1.Container) error {
		if !slices.Contains(proxy.Args, argument) {
			return fmt.Errorf("istio-proxy has the arguments %v, want %s", proxy.Args, argument)
		}
		return nil
	})
}

// waitForProxy creates pods until the native istio-proxy of one passes the check.
func waitForProxy(t *testing.T, namespace string, check func(corev1.Container) error) {
	t.Helper()
	waitForPod(t, namespace, func(pod *corev1.Pod) error {
		proxy := slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == "istio-proxy" })
		if proxy < 0 {
			return fmt.Errorf("the pod has the init containers %v", names(pod.Spec.InitContainers))
		}
		return check(pod.Spec.InitContainers[proxy])
	})
}

// waitForPod creates pods until one passes the check.
func waitForPod(t *testing.T, namespace string, check func(*corev1.Pod) error) {
	t.Helper()
	err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		result := create(t, newPod(namespace, asks))
		if result.err != nil {
			return result.err
		}
		return check(result.pod)
	})
	if err != nil {
		t.Error(err)
	}
}

// proxyConfig is a resource of Istio's, for one namespace.
const proxyConfig = `
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: settings, namespace: %s}
spec:
  environmentVariables: {FROM_A_RESOURCE: "yes"}
`

// makeOldNode makes a node that cannot run native sidecars, until the end of the
// case.
func makeOldNode(t *testing.T) {
	t.Helper()
	nodes := shared.Client.CoreV1().Nodes()
	node, err := nodes.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "old"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nodes.Delete(context.WithoutCancel(t.Context()), node.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	node.Status.NodeInfo.KubeletVersion = "v1.28.3"
	node.ResourceVersion = "" // controllers write to it meanwhile
	if _, err := nodes.UpdateStatus(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// changeIstioConfig changes the injection templates of Istio's ConfigMap.
func changeIstioConfig(t *testing.T, change func(string) string) {
	t.Helper()
	client := shared.Client.CoreV1().ConfigMaps(cluster.IstioNamespace)
	object, err := client.Get(t.Context(), "istio-sidecar-injector", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	object.Data["config"] = change(object.Data["config"])
	if _, err := client.Update(t.Context(), object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// waitForEvent waits for an Event on the injector's ConfigMap whose note has the
// text.
func waitForEvent(t *testing.T, reason, text string) {
	t.Helper()
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		list, err := shared.Client.EventsV1().Events(cluster.Release).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, event := range list.Items {
			if event.Reason == reason && event.Regarding.Kind == "ConfigMap" && strings.Contains(event.Note, text) {
				return nil
			}
		}
		return fmt.Errorf("no Event %s with %q", reason, text)
	})
	if err != nil {
		t.Error(err)
	}
}

// TestChartBesideIstio: the chart refuses to select the namespaces that Istio's
// webhook selects, unless it is told to.
func TestChartBesideIstio(t *testing.T) {
	client := shared.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	url, ignore, none := "https://127.0.0.1:1/inject", admissionregistrationv1.Ignore, admissionregistrationv1.SideEffectClassNone
	_, err := client.Create(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "istio-sidecar-injector"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name:                    "namespace.sidecar-injector.istio.io",
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: &url},
			FailurePolicy:           &ignore,
			SideEffects:             &none,
			AdmissionReviewVersions: []string{"v1"},
			NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: namespaceKey, Operator: metav1.LabelSelectorOpIn, Values: []string{"enabled"}},
			}},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx := context.WithoutCancel(t.Context())
		if err := client.Delete(ctx, "istio-sidecar-injector", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if err := shared.ApplyChart(ctx, chart("enabled")); err != nil {
			t.Error(err)
		}
	}()
	err = shared.ApplyChart(t.Context(), chart("enabled"))
	if err == nil || !strings.Contains(err.Error(), `Istio's webhook configuration "istio-sidecar-injector" injects the namespaces labelled istio-injection=enabled`) {
		t.Errorf("the chart was applied beside Istio's webhook: %v", err)
	}
	allowed := chart("enabled")
	allowed.Values["istio"] = map[string]any{"allowOverlap": true}
	if err := shared.ApplyChart(t.Context(), allowed); err != nil {
		t.Errorf("with istio.allowOverlap: %v", err)
	}
	other := chart("enabled")
	other.Values["config"].(map[string]any)["namespaceLabel"] = "sidecar-injector.github.io/injection=enabled"
	if err := shared.ApplyChart(t.Context(), other); err != nil {
		t.Errorf("with another label: %v", err)
	}
	configuration, err := client.Get(t.Context(), cluster.Release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range configuration.Webhooks {
		if strings.Contains(entry.Name, "revision") { // for who names this injector
			continue
		}
		if got := entry.NamespaceSelector.MatchExpressions[0].Key; got != "sidecar-injector.github.io/injection" {
			t.Errorf("entry %s selects by the label %s", entry.Name, got)
		}
	}
}
