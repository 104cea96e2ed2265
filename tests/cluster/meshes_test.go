package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// mesh is a profile of another mesh, and what of its control plane an injection needs.
type mesh struct {
	profile    string
	configMaps map[string]map[string]string // of the namespace of the profile's name
	ask, skip  tweak
	label      string   // that opts a namespace in
	containers []string // of an injected pod, init containers first
	plain      []string // annotations of the mesh's own on an injected pod
}

var meshes = []mesh{
	{
		profile: "linkerd",
		configMaps: map[string]map[string]string{
			"linkerd-config":               {"values": "linkerdVersion: edge-1\nclusterDomain: cluster.local\nidentity: {issuer: {scheme: linkerd.io/tls}}\nwebhookFailurePolicy: Ignore\n"},
			"linkerd-identity-trust-roots": {"ca-bundle.crt": "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"},
		},
		ask: annotation("linkerd.io/inject", "enabled"), skip: annotation("linkerd.io/inject", "disabled"),
		label:      "sidecar-injector.github.io/linkerd",
		containers: []string{"linkerd-init", "linkerd-proxy", "app"},
		plain:      []string{"linkerd.io/proxy-version", "linkerd.io/trust-root-sha256"},
	},
	{
		profile: "consul",
		ask:     annotation("consul.hashicorp.com/connect-inject", "T"), skip: annotation("consul.hashicorp.com/connect-inject", "0"),
		label:      "sidecar-injector.github.io/consul",
		containers: []string{"consul-connect-inject-init", "consul-dataplane", "app"},
		plain:      []string{"consul.hashicorp.com/connect-inject-status"},
	},
}

// TestMeshes installs the profiles of other meshes by the chart: pods that ask, and those of namespaces that opted in, come out
// as the mesh's, are audited and explained as others are, and no other pod is touched.
func TestMeshes(t *testing.T) {
	for _, m := range meshes {
		t.Run(m.profile, m.test)
	}
}

func (m *mesh) test(t *testing.T) {
	if err := shared.CreateNamespace(t.Context(), m.profile, nil); err != nil {
		t.Fatal(err)
	}
	for name, data := range m.configMaps {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
		if _, err := shared.Client.CoreV1().ConfigMaps(m.profile).Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	release := m.profile + "-injector"
	options := cluster.ChartOptions{Release: release, Namespace: release, WebhookAddress: address, Values: map[string]any{
		"allowOverlap": false, "config": map[string]any{"profile": m.profile}, "certificate": map[string]any{"trustSlack": "0s"}}}
	startRelease(t, options)
	asking, opted := newNamespace(t, nil), newNamespace(t, map[string]string{m.label: "enabled"})
	err = cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		if pod := mustCreate(t, newPod(asking, m.ask)); len(pod.Spec.InitContainers) == 0 {
			return fmt.Errorf("a pod that asks is not injected yet")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		pod      *corev1.Pod
		injected bool
	}{
		"asks": {newPod(asking, m.ask), true},
		"says nothing where its namespace opted in": {newPod(opted), true},
		"refuses where its namespace opted in":      {newPod(opted, m.skip), false},
		"says nothing where nobody asks":            {newPod(asking), false},
		"asks in the words of another mesh":         {newPod(asking, label("mesh.example.com/inject", "true")), false},
	} {
		pod := mustCreate(t, c.pod)
		names := containersOf(pod)
		if !c.injected {
			if diff := cmp.Diff([]string{"app"}, names); diff != "" {
				t.Errorf("a pod that %s (-want +got):\n%s", sentence, diff)
			}
			continue
		}
		if diff := cmp.Diff(m.containers, names); diff != "" {
			t.Errorf("a pod that %s (-want +got):\n%s", sentence, diff)
		}
		for _, key := range m.plain {
			if pod.Annotations[key] == "" {
				t.Errorf("a pod that %s has no annotation %s", sentence, key)
			}
		}
	}
	m.tools(t, asking, release)
}

// tools asks the command line about the pods of a namespace.
func (m *mesh) tools(t *testing.T, namespace, release string) {
	t.Helper()
	out, code := ask(t, "audit", "-o", "json", "-n", namespace, "--injector", release)
	var report struct{ Pods, Sidecars int }
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 || report.Sidecars == 0 || report.Pods == report.Sidecars {
		t.Errorf("audit: exit code %d, %+v (%v)\n%s", code, report, err, out)
	}
	pod := newPod(namespace, m.ask)
	file := filepath.Join(t.TempDir(), "pod.json")
	pod.APIVersion, pod.Kind = "v1", "Pod"
	if err := os.WriteFile(file, mustJSON(t, pod), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"explain", "preview"} {
		out, code := ask(t, command, "-f", file, "--live", "--injector", release)
		if code != 0 || !strings.Contains(out, "inject") || command == "preview" && !strings.Contains(out, m.containers[1]) {
			t.Errorf("%s: exit code %d\n%s", command, code, out)
		}
	}
}

// containersOf are the names of a pod's containers, the init containers first.
func containersOf(pod *corev1.Pod) []string {
	var names []string
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, container := range list {
			names = append(names, container.Name)
		}
	}
	return names
}
