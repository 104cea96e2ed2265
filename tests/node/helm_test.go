//go:build linux

package node_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestHelm: helm test runs check in the cluster, which sees a pod get its sidecar, and takes its account away.
func TestHelm(t *testing.T) {
	logs, err := shared.TestChart(cluster.ChartOptions{})
	t.Logf("helm test prints:\n%s", logs)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ok       installed: ", "ok       deployment: ", "ok       configuration: ", "ok       entries: ", "in dry runs these get their sidecar: "} {
		if !strings.Contains(logs, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	_, err = shared.Client.CoreV1().ServiceAccounts(cluster.Release).Get(t.Context(), cluster.Release+"-test", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("its account is still there: %v", err)
	}
}

// TestWaysOut: an injector on the network of the node, at ports of its own, is reached there; one that serves a pair from a
// volume is believed by whoever fills caBundle, here cainjector.
func TestWaysOut(t *testing.T) {
	for release, values := range map[string]map[string]any{
		"hosted": {"hostNetwork": true, "ports": map[string]any{"webhook": 19443, "metrics": 18080, "health": 18081}},
		"paired": {
			"extraArgs":         []any{"--tls-dir=/pair"},
			"extraVolumes":      []any{map[string]any{"name": "pair", "secret": map[string]any{"secretName": "paired-tls"}}},
			"extraVolumeMounts": []any{map[string]any{"name": "pair", "mountPath": "/pair", "readOnly": true}},
			"webhook":           map[string]any{"annotations": map[string]any{"cert-manager.io/inject-ca-from": "paired/paired-tls"}},
		},
	} {
		t.Run(release, func(t *testing.T) {
			maps.Copy(values, map[string]any{
				"replicas": 1, "image": map[string]any{"pullPolicy": "Never"},
				"config": map[string]any{"revision": release}, "certificate": map[string]any{"trustSlack": "0s"}})
			injectsByRevision(t, release, values)
			pods, err := shared.Client.CoreV1().Pods(release).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=sidecar-injector"})
			if err != nil || len(pods.Items) != 1 || (pods.Items[0].Status.PodIP == pods.Items[0].Status.HostIP) != (release == "hosted") {
				t.Errorf("%d injectors, want one, at its node's address if it is hosted: %v", len(pods.Items), err)
			}
		})
	}
}

// deployRelease installs the chart as a release beside that of the other tests, until the end of the test, and waits until it
// runs and every entry of its webhook configuration has a caBundle.
func deployRelease(t *testing.T, chart cluster.ChartOptions) {
	t.Helper()
	if err := shared.ApplyChart(t.Context(), chart); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.DeleteChart(context.WithoutCancel(t.Context()), chart); err != nil {
			t.Error(err)
		}
	})
	if err := shared.WaitForDeployment(t.Context(), chart.Namespace, chart.Release); err != nil {
		t.Fatal(err)
	}
	if err := shared.WaitForCABundle(t.Context(), chart); err != nil {
		t.Fatal(err)
	}
}

// injectsByRevision installs a release, and has the API server ask it about a pod that names it.
func injectsByRevision(t *testing.T, release string, values map[string]any) {
	t.Helper()
	chart := cluster.ChartOptions{Release: release, Namespace: release, InCluster: true, Values: values}
	deployRelease(t, chart)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "asks", Labels: map[string]string{"istio.io/rev": release}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "localhost/application:1"}}},
	}
	err := cluster.Eventually(t.Context(), time.Minute, func(ctx context.Context) error {
		pod, err := shared.Client.CoreV1().Pods(metav1.NamespaceDefault).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil && len(pod.Spec.InitContainers) == 0 {
			err = errors.New("the pod is not injected")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
