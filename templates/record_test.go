package templates

import "testing"

// TestAsCreated: a name that the API server made up is not there when templates see the pod, one that was asked for is.
func TestAsCreated(t *testing.T) {
	cases := map[string]struct {
		metadata map[string]any
		want     any
	}{
		"a pod of a Deployment":  {map[string]any{"generateName": "web-5c9f-", "name": "web-5c9f-x7k2p"}, nil},
		"a pod of a StatefulSet": {map[string]any{"generateName": "db-", "name": "db-0", "labels": map[string]any{"statefulset.kubernetes.io/pod-name": "db-0"}}, "db-0"},
		"a bare pod":             {map[string]any{"name": "bare"}, "bare"},
	}
	for sentence, c := range cases {
		pod := map[string]any{"metadata": c.metadata}
		if got := AsCreated(pod)["metadata"].(map[string]any)["name"]; got != c.want {
			t.Errorf("%s: the name is %v, want %v", sentence, got, c.want)
		}
	}
}
