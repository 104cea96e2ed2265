package pods

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pod() map[string]any {
	return map[string]any{"spec": map[string]any{
		"hostIPC":      true,
		"nodeSelector": map[string]any{"example.com/zone": "a"},
		"containers":   []any{map[string]any{"name": "app", "env": []any{map[string]any{"name": "A"}, map[string]any{"name": "B"}}}},
	}}
}

// TestFind follows paths as validation writes them.
func TestFind(t *testing.T) {
	for path, want := range map[string]struct {
		steps []step
		whole bool
	}{
		"spec.containers[0].env[1].name":       {[]step{"spec", "containers", 0, "env", 1, "name"}, true},
		"spec.containers[0].image":             {[]step{"spec", "containers", 0}, false},
		"spec.containers[7].image":             {[]step{"spec", "containers"}, false},
		"spec.nodeSelector[example.com/zone]":  {[]step{"spec", "nodeSelector", "example.com/zone"}, true},
		"spec.HostIPC":                         {[]step{"spec", "hostIPC"}, true},
		"spec.containers[0].env[1].name.first": {[]step{"spec", "containers", 0, "env", 1, "name"}, false},
	} {
		steps, whole := find(pod(), path)
		if diff := cmp.Diff(want.steps, steps); diff != "" || whole != want.whole {
			t.Errorf("%s: whole %t, want %t; steps (-want +got):\n%s", path, whole, want.whole, diff)
		}
	}
}

// TestPrune takes what is named out: a field, an element for its name, and what is above if it is named again.
func TestPrune(t *testing.T) {
	answers := [][]string{
		{"spec.containers[0].env[0].name", "spec.containers[0].env[1].name", "spec.HostIPC"},
		{"spec.nodeSelector[example.com/zone]"},
		{"spec.nodeSelector[example.com/zone]"},
		nil,
	}
	got := pod()
	valid, err := Prune(got, func(map[string]any) ([]string, error) {
		fields := answers[0]
		answers = answers[1:]
		return fields, nil
	})
	if !valid || err != nil {
		t.Fatalf("valid: %t, error: %v", valid, err)
	}
	want := map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "app"}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMinimize keeps what a failure needs alone.
func TestMinimize(t *testing.T) {
	got := Minimize(pod(), 1000, func(pod map[string]any) bool {
		return get(pod, []step{"spec", "containers", 0, "env", 0, "name"}) == "B" || get(pod, []step{"spec", "containers", 0, "env", 1, "name"}) == "B"
	})
	want := map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"env": []any{map[string]any{"name": "B"}}}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPod makes the same pod of the same seed and index.
func TestPod(t *testing.T) {
	for i := range 100 {
		one, err := Generator{Seed: 1}.Pod(i)
		if err != nil {
			t.Fatal(err)
		}
		other, err := Generator{Seed: 1}.Pod(i)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, other); diff != "" {
			t.Fatalf("pod %d (-one +other):\n%s", i, diff)
		}
	}
}
