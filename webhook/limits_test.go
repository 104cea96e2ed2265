package webhook

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// podOf returns a pod that asks for a sidecar, with a field of its spec that is this.
func podOf(field string) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{"` + injectKey + `":"true"}},` +
		`"spec":{` + field + `,"containers":[{"name":"app","image":"app:1"}]}}`
}

// lists returns so many lists in each other, and repeated so many of an element.
func lists(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func repeated(count int, element string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", count), ",") + "]"
}

// TestLimitsOfPods: what is more than a pod may be is refused by the field where it is, at once; what is just within the
// limits is not.
func TestLimitsOfPods(t *testing.T) {
	const few = 12 // elements that podOf has, and more
	cases := map[string]struct{ field, want string }{
		"as deep as allowed":         {`"x":` + lists(maxDepth-2), ""},
		"too deep":                   {`"x":` + lists(maxDepth-1), "decode pod: pod field spec.x[0][0]…: is too deep; at most 64 lists and maps may be in each other"},
		"thousands deep":             {`"x":` + lists(9000), "is too deep"},
		"deep by a key that is long": {fmt.Sprintf(`"%s\u001b":%s`, strings.Repeat("k", 1000), lists(90)), "pod field spec." + strings.Repeat("k", 40) + "…[0][0]…: is too deep"},
		"a key that is no word":      {`"a\u001b":` + lists(90), `pod field spec."a\x1b"[0][0]…: is too deep`},
		"as many as allowed":         {`"tolerations":` + repeated(maxElements-few, `{}`), ""},
		"too many":                   {`"tolerations":` + repeated(maxElements, `{}`), "pod field spec.tolerations"},
		"too many in maps":           {`"containers":` + repeated(maxElements/2, `{"name":"a"}`), "at most 100000 list elements and map entries are allowed"},
		"as large as can be stored":  {`"nodeName":"` + strings.Repeat("x", maxStored-200) + `"`, ""},
		"too large":                  {`"nodeName":"` + strings.Repeat("x", maxStored) + `"`, "decode pod: pod field spec.nodeName: the pod is too large for etcd; its values may have at most 1572864 bytes (1.5 MiB)"},
		"large by names of fields":   {`"containers":` + repeated(20_000, `{"name":"a","terminationMessagePolicy":"File","terminationMessagePath":"/dev/termination-log"}`), ""},
	}
	handler := serveConfig(t, "").handler.For(ScopePod, nil)
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			response := handler.Handle(t.Context(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
				Operation: admissionv1.Create, Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
				Object: runtime.RawExtension{Raw: []byte(podOf(c.field))},
			}})
			if c.want == "" {
				if reason := response.AuditAnnotations["reason"]; reason == string(reasonTooLarge) {
					t.Fatalf("got %q, want a pod within the limits", response.Result.Message)
				}
				return
			}
			if response.Allowed || response.Result.Code != http.StatusRequestEntityTooLarge || response.AuditAnnotations["reason"] != string(reasonTooLarge) {
				t.Fatalf("got %+v, want a refusal", response)
			}
			if got := response.Result.Message; !strings.Contains(got, c.want) || len(got) > 300 {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestNoPodIsTooDeep: the Pod type has not half of the depth that is allowed.
func TestNoPodIsTooDeep(t *testing.T) {
	var depth func(of reflect.Type) int
	depth = func(of reflect.Type) int {
		deepest := 0
		switch of.Kind() {
		case reflect.Pointer:
			return depth(of.Elem())
		case reflect.Slice, reflect.Map:
			return 1 + depth(of.Elem())
		case reflect.Struct:
			for i := range of.NumField() {
				if of.Field(i).IsExported() { // the others are of values that write themselves as one
					deepest = max(deepest, depth(of.Field(i).Type))
				}
			}
			return 1 + deepest
		default:
			return 0
		}
	}
	if got := depth(reflect.TypeFor[corev1.Pod]()); got > maxDepth/2 {
		t.Errorf("a pod has up to %d levels, want at most half of %d", got, maxDepth)
	}
}
