package simulate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// TestRecordStays: what is written down at admission is what the templates make of the stored pod again, though the API
// server, the scheduler, the kubelet and other webhooks have written into it; and another when they make another thing.
func TestRecordStays(t *testing.T) {
	engineOf := func(values map[string]any) *templates.Engine {
		engine, err := templates.New(templates.Options{Values: values})
		if err != nil {
			t.Fatal(err)
		}
		return engine
	}
	engine := engineOf(nil)
	newer := engineOf(map[string]any{"proxy": map[string]any{"logLevel": "debug"}})
	namespace := metav1.ObjectMeta{Name: "shop"}
	for sentence, text := range map[string]string{
		"a plain pod":           `metadata: {name: a}`,
		"of a workload":         `metadata: {generateName: a-, labels: {app: a}}`,
		"without labels":        `metadata: {generateName: a-}`,
		"classic":               `metadata: {name: a, annotations: {sidecar.istio.io/nativeSidecar: "false"}}`,
		"with annotations":      `metadata: {name: a, annotations: {sidecar.istio.io/proxyCPU: 200m, prometheus.io/scrape: "false"}}`,
		"no capture, and debug": `metadata: {name: a, annotations: {sidecar.istio.io/interceptionMode: NONE, sidecar.istio.io/logLevel: debug}}`,
	} {
		t.Run(sentence, func(t *testing.T) {
			pod := decodeYAML(t, text+`
apiVersion: v1
kind: Pod
spec:
  containers:
  - name: app
    image: app
    readinessProbe: {tcpSocket: {port: 8080}}
`)
			injected, err := engine.Inject(templates.Input{Pod: WithDefaults(pod), Namespace: namespace})
			if err != nil {
				t.Fatal(err)
			}
			atAdmission, ok := engine.RecordOf(injected.Pod)
			if !ok || atAdmission.Hash == "" || len(atAdmission.Containers) == 0 {
				t.Fatalf("recorded %+v", atAdmission)
			}
			again, err := engine.Inject(templates.Input{Pod: WithDefaults(injected.Pod), Namespace: namespace})
			if err != nil {
				t.Fatal(err)
			}
			stored := storedPod(again.Pod)
			recorded, _ := engine.RecordOf(stored)
			if diff := cmp.Diff(atAdmission, recorded); diff != "" {
				t.Errorf("the record after a second call (-first +second):\n%s", diff)
			}
			rendered, err := engine.Render(templates.Input{Pod: AsCreated(stored), Namespace: namespace})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(recorded, rendered.Record); diff != "" {
				t.Errorf("the record of the stored pod (-recorded +rendered):\n%s", diff)
			}
			changed, err := newer.Render(templates.Input{Pod: AsCreated(stored), Namespace: namespace})
			if err != nil {
				t.Fatal(err)
			}
			if same := changed.Hash == recorded.Hash; same != (sentence == "no capture, and debug") {
				t.Errorf("with another log level the hash is the same: %t", same)
			}
		})
	}
}

// storedPod is a pod as it stands in a cluster when it runs: what is written into it after admission.
func storedPod(pod map[string]any) map[string]any {
	stored := WithDefaults(runtime.DeepCopyJSON(pod))
	metadata := stored["metadata"].(map[string]any)
	metadata["uid"], metadata["resourceVersion"], metadata["creationTimestamp"] = "0-1", "7", "2026-01-02T03:04:05Z"
	if metadata["name"] == nil {
		metadata["name"] = metadata["generateName"].(string) + "x7k2p"
	}
	spec := stored["spec"].(map[string]any)
	spec["nodeName"] = "node-1"
	spec["ephemeralContainers"] = []any{map[string]any{"name": "debug", "image": "busybox"}}
	spec["containers"] = append(spec["containers"].([]any), map[string]any{"name": "of-another-webhook", "image": "x"})
	stored["status"] = map[string]any{"phase": "Running"}
	return stored
}
