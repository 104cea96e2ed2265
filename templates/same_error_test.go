package templates

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// TestSameError shows that of several faults in a pod the same one is named every time.
func TestSameError(t *testing.T) {
	engine, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, pod := range map[string]string{
		"annotations that the template checks":      `{metadata: {annotations: {sidecar.istio.io/logLevel: loud, sidecar.istio.io/proxyCPU: lots, sidecar.istio.io/proxyMemory: lots, sidecar.istio.io/proxyMemoryLimit: lots, traffic.sidecar.istio.io/excludeInboundPorts: x, traffic.sidecar.istio.io/includeInboundPorts: x}}, spec: {containers: [{name: a, image: a}]}}`,
		"annotations that rules check":              `{metadata: {annotations: {sidecar.istio.io/proxyCPU: "-1", sidecar.istio.io/proxyMemory: "-1", sidecar.istio.io/proxyMemoryLimit: "-1", sidecar.istio.io/proxyImage: ""}}, spec: {containers: [{name: a, image: a}]}}`,
		"annotations that the engine reads":         `{metadata: {annotations: {sidecar.istio.io/nativeSidecar: perhaps, inject.istio.io/templates: none, sidecar.istio.io/logLevel: loud}}, spec: {containers: [{name: a, image: a}]}}`,
		"annotations that are no texts":             `{metadata: {annotations: {a: 1, b: 2, c: true, d: 4}}, spec: {containers: [{name: a, image: a}]}}`,
		"fields of wrong types":                     `{metadata: {labels: {a: 1, b: 2}, annotations: {a: 1}, name: 3}, spec: {hostNetwork: 3, nodeName: 5, containers: [{name: a, image: 1}]}}`,
		"requests above limits, and pod resources":  `{metadata: {annotations: {sidecar.istio.io/proxyCPU: "3", sidecar.istio.io/proxyMemory: 3Gi}}, spec: {resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 1Gi}}, containers: [{name: a, image: a}]}}`,
		"requests together above those of the pod":  `{metadata: {annotations: {sidecar.istio.io/proxyCPU: 600m, sidecar.istio.io/proxyMemory: 512Mi}}, spec: {resources: {requests: {cpu: 500m, memory: 256Mi}}, containers: [{name: a, image: a}]}}`,
		"annotations about two injected containers": `{metadata: {annotations: {container.seccomp.security.alpha.kubernetes.io/sidecar-proxy: unconfined, container.seccomp.security.alpha.kubernetes.io/sidecar-init: unconfined}}, spec: {containers: [{name: a, image: a}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := yaml.YAMLToJSON([]byte(pod))
			if err != nil {
				t.Fatal(err)
			}
			first := ""
			for range 50 {
				_, err := engine.Inject(Input{Pod: mustDecode(t, string(raw)), Namespace: metav1.ObjectMeta{Name: "shop"}})
				if err == nil {
					t.Fatal("the pod is injected")
				}
				if first == "" {
					first = err.Error()
				}
				if err.Error() != first {
					t.Fatalf("it is named\n\t%s\nand then\n\t%s", first, err)
				}
			}
		})
	}
}
