package webhook

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"
)

// TestRefused shows of which pods who owns them is told.
func TestRefused(t *testing.T) {
	replicaSet := map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "myapp-6f7c9d8b5", "uid": "1-2-3", "controller": true}
	owned := func(owners ...any) tweak { return set(owners, "metadata", "ownerReferences") }
	bad := annotation("sidecar.istio.io/nativeSidecar", "yes")
	const told = `apps/v1 ReplicaSet shop/myapp-6f7c9d8b5 1-2-3: annotation "sidecar.istio.io/nativeSidecar": "yes" is not allowed, want "true" or "false"`
	for sentence, test := range map[string]struct {
		config string
		dryRun *bool
		pod    []tweak
		want   []string
	}{
		"refused":                            {"", nil, []tweak{bad, owned(replicaSet)}, []string{told}},
		"refused, and said to be no dry run": {"", ptr.To(false), []tweak{bad, owned(replicaSet)}, []string{told}},
		"one of its owners controls it":      {"", nil, []tweak{bad, owned(map[string]any{"kind": "Other", "name": "x"}, replicaSet)}, []string{told}},
		"a dry run":                          {"", ptr.To(true), []tweak{bad, owned(replicaSet)}, nil},
		"injected":                           {"", nil, []tweak{owned(replicaSet)}, nil},
		"let in without a sidecar":           {"onError: allow", nil, []tweak{bad, owned(replicaSet)}, nil},
		"no owner":                           {"", nil, []tweak{bad}, nil},
		"no owner that controls it":          {"", nil, []tweak{bad, owned(map[string]any{"kind": "Other", "name": "x"})}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			var got []string
			handler, err := New(Options{Config: parsed(t, test.config, ""), Refused: func(r Refusal) {
				got = append(got, r.Owner.APIVersion+" "+r.Owner.Kind+" "+r.Namespace+"/"+r.Owner.Name+" "+string(r.Owner.UID)+": "+r.Err.Error())
			}})
			if err != nil {
				t.Fatal(err)
			}
			request := requestWith(t, aPod(t, test.pod...))
			request.DryRun = test.dryRun
			handler.For(ScopeNamespace, nil).Handle(t.Context(), request)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}
