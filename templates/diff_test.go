package templates

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

func TestDiff(t *testing.T) {
	for name, test := range map[string]struct{ before, after, patch string }{
		"equal objects":                                  {`{"a":[1,{"b":2}]}`, `{"a":[1,{"b":2}]}`, `null`},
		"80 and 80.0 are equal":                          {`{"a":80}`, `{"a":80.0}`, `null`},
		"a null that goes is left alone":                 {`{"a":null,"b":{"c":null}}`, `{"b":{}}`, `null`},
		"a field added, removed, replaced":               {`{"a":1,"b":2}`, `{"b":3,"c":4}`, `[{"op":"remove","path":"/a"},{"op":"replace","path":"/b","value":3},{"op":"add","path":"/c","value":4}]`},
		"keys are escaped":                               {`{"m":{}}`, `{"m":{"a/b~c":1}}`, `[{"op":"add","path":"/m/a~1b~0c","value":1}]`},
		"an object is descended into":                    {`{"a":{"b":{"c":1}}}`, `{"a":{"b":{"c":2}}}`, `[{"op":"replace","path":"/a/b/c","value":2}]`},
		"an element in front has its position":           {`{"l":[{"name":"x"}]}`, `{"l":[{"name":"new"},{"name":"x"}]}`, `[{"op":"add","path":"/l/0","value":{"name":"new"}}]`},
		"an element behind has its position":             {`{"l":[{"name":"x"}]}`, `{"l":[{"name":"x"},{"name":"new"}]}`, `[{"op":"add","path":"/l/1","value":{"name":"new"}}]`},
		"an element that stays is changed at its place":  {`{"l":[{"name":"x","v":1}]}`, `{"l":[{"name":"new"},{"name":"x","v":2}]}`, `[{"op":"add","path":"/l/0","value":{"name":"new"}},{"op":"replace","path":"/l/1/v","value":2}]`},
		"an element that moves is removed and added":     {`{"l":[{"name":"x"},{"name":"y"}]}`, `{"l":[{"name":"y"},{"name":"x"}]}`, `[{"op":"remove","path":"/l/0"},{"op":"add","path":"/l/1","value":{"name":"x"}}]`},
		"elements that go are removed from the back":     {`{"l":["a","b","c"]}`, `{"l":["b"]}`, `[{"op":"remove","path":"/l/2"},{"op":"remove","path":"/l/0"}]`},
		"ports differ by protocol":                       {`{"l":[{"containerPort":53,"protocol":"UDP"}]}`, `{"l":[{"containerPort":53},{"containerPort":53,"protocol":"UDP"}]}`, `[{"op":"add","path":"/l/0","value":{"containerPort":53}}]`},
		"mounts of one volume differ by path":            {`{"l":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/b"}]}`, `{"l":[{"name":"v","mountPath":"/b"}]}`, `[{"op":"remove","path":"/l/0"}]`},
		"a value of another kind is replaced":            {`{"a":{"b":1}}`, `{"a":[1]}`, `[{"op":"replace","path":"/a","value":[1]}]`},
		"a list that is new is added whole":              {`{}`, `{"l":[1]}`, `[{"op":"add","path":"/l","value":[1]}]`},
		"both ends stay and the middle changes":          {`{"l":["a","b","c","z"]}`, `{"l":["a","x","c","y","z"]}`, `[{"op":"remove","path":"/l/1"},{"op":"add","path":"/l/1","value":"x"},{"op":"add","path":"/l/3","value":"y"}]`},
		"elements without a key are compared as a whole": {`{"l":[{"a":1}]}`, `{"l":[{"a":2}]}`, `[{"op":"remove","path":"/l/0"},{"op":"add","path":"/l/0","value":{"a":2}}]`},
		"a port in front of one of the same number":      {`{"spec":{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"UDP"}]}]}}`, `{"spec":{"containers":[{"name":"a","ports":[{"containerPort":53,"name":"t"},{"containerPort":53,"name":"u","protocol":"UDP"}]}]}}`, `[{"op":"add","path":"/spec/containers/0/ports/0","value":{"containerPort":53,"name":"t"}},{"op":"add","path":"/spec/containers/0/ports/1/name","value":"u"}]`},
		"what means the same stays":                      {`{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"2"}},"livenessProbe":{"periodSeconds":10}}]}}`, `{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"2000m"}},"livenessProbe":{}}]}}`, `null`},
		"what is never stored is not added":              {`{"spec":{"containers":[{"name":"a"}]}}`, `{"spec":{"containers":[{"name":"a","tty":false,"resources":{},"args":[]}]}}`, `null`},
		"a default is added where it is not":             {`{"spec":{"containers":[{"name":"a","livenessProbe":{}}]}}`, `{"spec":{"containers":[{"name":"a","livenessProbe":{"periodSeconds":10}}]}}`, `[{"op":"add","path":"/spec/containers/0/livenessProbe/periodSeconds","value":10}]`},
		"an empty source goes for another":               {`{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}`, `{"spec":{"volumes":[{"name":"v","secret":{}}]}}`, `[{"op":"remove","path":"/spec/volumes/0/emptyDir"},{"op":"add","path":"/spec/volumes/0/secret","value":{}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := mustDecode(t, test.before), mustDecode(t, test.after)
			patch := Diff(before, after)
			got, err := json.Marshal(patch)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.patch, string(got)); diff != "" {
				t.Errorf("patch (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(string(got), string(patch.AppendJSON(nil))); diff != "" {
				t.Errorf("the patch as bytes (-encoding/json +ours):\n%s", diff)
			}
			checkPatch(t, before, after)
		})
	}
}

// checkPatch checks that the patch of two pods leads to what means the second one, and changes neither.
func checkPatch(t *testing.T, before, after map[string]any) {
	t.Helper()
	raw, now := listmap.AppendJSON(nil, before), listmap.AppendJSON(nil, after)
	patch := Diff(before, after)
	patched := mustDecode(t, string(applyPatch(t, raw, patch)))
	if !listmap.Equal(podtype.Pod(), patched, after) {
		t.Errorf("%s is patched to\n%v, want\n%s\nby %s", raw, patched, now, patch.AppendJSON(nil))
	}
	if again := Diff(patched, after); again != nil {
		t.Errorf("the patched pod still differs by %s", again.AppendJSON(nil))
	}
	if !bytes.Equal(raw, listmap.AppendJSON(nil, before)) || !bytes.Equal(now, listmap.AppendJSON(nil, after)) {
		t.Errorf("Diff changes what it compares: %s, %s", raw, now)
	}
}

// Whatever two pods are, the patch leads from the one to the other.
func TestDiffOfAnyPods(t *testing.T) {
	for seed := range uint64(3_000) {
		random := rand.New(rand.NewPCG(seed, 7))
		before := randomPod(random)
		after := randomPod(random)
		if seed%2 == 0 { // alike
			after = runtime.DeepCopyJSON(before)
			Child(after, "spec")["containers"] = randomPod(random)["spec"].(map[string]any)["containers"]
		}
		checkPatch(t, before, after)
		for _, list := range containerLists { // small enough to be equal now and then
			for i, a := range Pod(before).In(list) {
				b := Pod(after).In(list)
				if i < len(b) && listmap.Equal(containerType, a, b[i]) != bytes.Equal(canonical(a), canonical(b[i])) {
					t.Errorf("equal: %v, but the canonical texts are\n%s\n%s", listmap.Equal(containerType, a, b[i]), canonical(a), canonical(b[i]))
				}
			}
		}
	}
}

func canonical(container map[string]any) []byte {
	return listmap.AppendCanonical(nil, containerType, container)
}

// randomPod makes a small pod of few names and values, many of which mean the same.
func randomPod(random *rand.Rand) map[string]any {
	pick := func(values ...any) any { return values[random.IntN(len(values))] }
	some := func(n int, make func() any) []any {
		list := []any{}
		for range random.IntN(n) {
			list = append(list, make())
		}
		return list
	}
	object := func(fields ...any) map[string]any {
		o := map[string]any{}
		for i := 0; i < len(fields); i += 2 {
			if value := fields[i+1].(func() any)(); value != "absent" {
				o[fields[i].(string)] = value
			}
		}
		return o
	}
	of := func(values ...any) func() any {
		return func() any { return runtime.DeepCopyJSONValue(pick(append(values, "absent")...)) }
	}
	always := func(values ...any) func() any { return func() any { return pick(values...) } }
	port := func() any {
		return object("containerPort", always(int64(53), int64(80), 53.0), "protocol", of("TCP", "UDP", "", nil), "name", of("a", "b"))
	}
	quantities := func() any {
		return object("cpu", of("2", "2000m", int64(2), "1"), "memory", of("1Gi", "1024Mi", "bad"))
	}
	container := func() any {
		return object(
			"name", always("a", "b", "c"), "image", of("x", "y"), "tty", of(true, false), "args", func() any { return some(5, of("-a", "-b", "x")) },
			"ports", func() any { return some(4, port) },
			"env", func() any {
				return some(4, func() any { return object("name", always("A", "B"), "value", of("", "1", "2")) })
			},
			"resources", func() any { return object("limits", quantities, "requests", quantities) },
			"livenessProbe", func() any {
				return object("periodSeconds", of(int64(10), int64(0), int64(3)), "httpGet", of(map[string]any{"path": "/"}, map[string]any{}))
			})
	}
	return object(
		"metadata", of(map[string]any{}, nil, map[string]any{"labels": map[string]any{"a/~b": "1"}}, map[string]any{"labels": map[string]any{"a/~b": "", "c": "1"}}),
		"spec", func() any {
			return object(
				"containers", func() any { return some(5, container) },
				"initContainers", func() any { return pick(nil, some(3, container)) },
				"tolerations", func() any { return some(4, func() any { return object("key", of("a", "b"), "effect", of("x", "")) }) },
				"unknown", of(map[string]any{"name": "x"}, []any{}, []any{map[string]any{"name": "x", "v": int64(1)}, nil}, []any{map[string]any{"name": "x"}}, "text"),
			)
		})
}

// What both pods share in memory costs nothing, and a list of which one element moved costs what its length says.
func BenchmarkDiff(b *testing.B) {
	containers := func(n int) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = map[string]any{"name": strconv.Itoa(i), "image": "x"}
		}
		return list
	}
	pod := func(list []any) map[string]any { return map[string]any{"spec": map[string]any{"containers": list}} }
	for _, n := range []int{100, 3_000, 20_000} {
		list := containers(n)
		b.Run("first to last/"+strconv.Itoa(n), func(b *testing.B) {
			before, after := pod(list), pod(append(slices.Clone(list[1:]), list[0]))
			b.ReportAllocs()
			for b.Loop() {
				Diff(before, after)
			}
		})
		b.Run("copy/"+strconv.Itoa(n), func(b *testing.B) {
			before, after := pod(list), pod(containers(n))
			b.ReportAllocs()
			for b.Loop() {
				Diff(before, after)
			}
		})
	}
}
