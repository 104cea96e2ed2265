//go:build linux

package node_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestMeshes runs a pod of each other mesh's profile, injected by an injector of its own that the chart deploys: its containers
// start in their order, and it is ready. The meshes' programs are stand-ins (cmd/standin).
func TestMeshes(t *testing.T) {
	for _, mesh := range []struct {
		profile, annotation, proxy string
		configMaps                 map[string]map[string]string
		values                     map[string]any
	}{
		{"linkerd", `linkerd.io/inject: enabled`, "linkerd-proxy", map[string]map[string]string{
			"linkerd-config":               {"values": "linkerdVersion: edge-1"},
			"linkerd-identity-trust-roots": {"ca-bundle.crt": "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"},
		}, nil},
		{"consul", `consul.hashicorp.com/connect-inject: "true"`, "consul-dataplane", nil, nil},
	} {
		t.Run(mesh.profile, func(t *testing.T) {
			if err := shared.CreateNamespace(t.Context(), mesh.profile, nil); err != nil {
				t.Fatal(err)
			}
			for name, data := range mesh.configMaps {
				object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
				if _, err := shared.Client.CoreV1().ConfigMaps(mesh.profile).Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			release := mesh.profile + "-injector"
			chart := cluster.ChartOptions{Release: release, Namespace: release, InCluster: true, Values: map[string]any{
				"replicas": 1, "image": map[string]any{"pullPolicy": "Never"},
				"config": map[string]any{"profile": mesh.profile}, "certificate": map[string]any{"trustSlack": "0s"}}}
			deployRelease(t, chart)
			s := newSpace(t, nil)
			s.apply(`
apiVersion: v1
kind: Pod
metadata: {name: server, labels: {app: server}, annotations: {` + mesh.annotation + `}}
spec:
  containers:
  - {name: app, image: "localhost/application:1", imagePullPolicy: Never, args: [serve]}
`)
			pod := s.pods("server", 1)[0]
			restarts, found := int32(0), false
			for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
				restarts += status.RestartCount
				found = found || status.Name == mesh.proxy && status.Ready
			}
			if !found || restarts > 0 {
				t.Errorf("%d restarts, %s is ready: %v", restarts, mesh.proxy, found)
			}
			s.saw("a pod of the profile %s, with stand-ins for its programs: ready", mesh.profile)
		})
	}
}
