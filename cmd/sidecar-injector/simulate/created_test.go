package simulate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

// TestAsCreatedLater: an annotation that was written through the status is not there when templates see the pod.
func TestAsCreatedLater(t *testing.T) {
	annotations := func(keys ...string) map[string]any {
		fields := map[string]any{".": map[string]any{}}
		for _, key := range keys {
			fields["f:"+key] = map[string]any{}
		}
		return map[string]any{"f:metadata": map[string]any{"f:annotations": fields}}
	}
	pod := map[string]any{"metadata": map[string]any{
		"annotations": map[string]any{"mine": "1", "cni.example.com/podIP": "10.0.0.1"},
		"managedFields": []any{
			map[string]any{"manager": "kubectl", "fieldsV1": annotations("mine")},
			map[string]any{"manager": "cni", "subresource": "status", "fieldsV1": annotations("cni.example.com/podIP")},
			map[string]any{"manager": "kubelet", "subresource": "status", "fieldsV1": map[string]any{"f:status": map[string]any{}}},
		},
	}}
	want := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"mine": "1"}}}
	if diff := cmp.Diff(want, AsCreated(pod)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
