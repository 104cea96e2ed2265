package templates

import (
	"encoding/json"
	"os"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestAnInjectedPodIsSmall shows by how much the example's pod grows with the defaults: etcd, and the watch cache of every API
// server, have it once for each pod.
func TestAnInjectedPodIsSmall(t *testing.T) {
	const most = 6 << 10
	text, err := os.ReadFile("../examples/myapp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	pod := mustDecode(t, string(raw))["spec"].(map[string]any)["template"].(map[string]any)
	engine, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := engine.Inject(Input{Pod: pod})
	if err != nil {
		t.Fatal(err)
	}
	size := func(pod map[string]any) int {
		encoded, err := json.Marshal(pod)
		if err != nil {
			t.Fatal(err)
		}
		return len(encoded)
	}
	if grown := size(result.Pod) - size(pod); grown > most {
		t.Errorf("the pod grows by %d bytes, want at most %d", grown, most)
	}
}
