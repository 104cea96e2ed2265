package templates

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// FuzzOverrides injects beside an author's own container of an injected name, with any fields and nulls. Where a field is
// one of several the container has one; the patch makes the pod; injected twice is injected once, and remove gives back what
// the author wrote.
func FuzzOverrides(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed, seed%3)
	}
	engine := mustEngine(f, Options{PodPolicy: PodPolicy{PrivilegedContainers: PrivilegedOpen}})
	f.Fuzz(func(t *testing.T, seed, form uint64) {
		g := &podGenerator{rand: rand.New(rand.NewPCG(seed, form)), overlay: form%3 == 1}
		own := dropDirectives(g.object(reflect.TypeFor[corev1.Container](), 2)).(map[string]any)
		own["name"] = []string{"sidecar-proxy", "sidecar-init"}[form%2]
		list := []string{"containers", "initContainers"}[form/2%2]
		spec := map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app"}}}
		others, _ := spec[list].([]any)
		spec[list] = append(others, own)
		pod := map[string]any{"metadata": map[string]any{"name": "p"}, "spec": spec}

		result, err := engine.Inject(Input{Pod: runtime.DeepCopyJSON(pod)})
		if err != nil {
			if _, ofInput := errors.AsType[*InputError](err); !ofInput {
				t.Fatalf("pod %s: %v", asJSON(pod), err)
			}
			return
		}
		checkPatch(t, pod, result.Pod)
		injected, _ := Pod(result.Pod).Find(own["name"].(string))
		if field := chosenTwice(containerType, own, injected); field != "" {
			t.Errorf("the container has %s beside another of its kind\npod %s\ninjected %s", field, asJSON(pod), asJSON(injected))
		}
		again, err := engine.Inject(Input{Pod: runtime.DeepCopyJSON(result.Pod)})
		if err != nil || len(again.Patch) > 0 {
			t.Fatalf("injected again: %v, %s\npod %s", err, again.Patch.AppendJSON(nil), asJSON(pod))
		}
	})
}

// chosenTwice names a field of an object that has others beside it of which it may have one, unless its author wrote more
// than one; empty if there is none.
func chosenTwice(t *podtype.Type, own, object map[string]any) string {
	for key, value := range object {
		for _, other := range t.OneOf(key) {
			if object[other] != nil && (own[key] == nil || own[other] == nil) {
				return key
			}
		}
		inner, _ := own[key].(map[string]any)
		if value, ok := value.(map[string]any); ok && inner != nil {
			if field := chosenTwice(t.Field(key), inner, value); field != "" {
				return key + "." + field
			}
		}
	}
	return ""
}
