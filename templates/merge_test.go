package templates

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
)

// What random overlays are merged like stands in TestMergeIsStrategic; here is what is otherwise than apimachinery's
// merge, and what is easily got wrong. The parts are of the spec.
func TestMerge(t *testing.T) {
	for name, test := range map[string]struct{ pod, overlay, want string }{
		"TCP and UDP are two ports": {
			`{"containers":[{"name":"a","ports":[{"containerPort":53,"name":"x"},{"containerPort":53,"protocol":"UDP"}]}]}`,
			`{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"UDP","name":"y"},{"containerPort":53,"protocol":"TCP","hostPort":1}]}]}`,
			`{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"UDP","name":"y"},{"containerPort":53,"protocol":"TCP","name":"x","hostPort":1}]}]}`,
		},
		"ports are put in order by both": {
			`{"containers":[{"name":"a","ports":[{"containerPort":53},{"containerPort":53,"protocol":"UDP"},{"containerPort":80}]}]}`,
			`{"containers":[{"name":"a","$setElementOrder/ports":[{"containerPort":53,"protocol":"UDP"},{"containerPort":53}]}]}`,
			`{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"UDP"},{"containerPort":53},{"containerPort":80}]}]}`,
		},
		"spread constraints of one topology are two": {
			`{"topologySpreadConstraints":[{"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","maxSkew":1},{"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway","maxSkew":1}]}`,
			`{"topologySpreadConstraints":[{"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway","maxSkew":2}]}`,
			`{"topologySpreadConstraints":[{"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","maxSkew":1},{"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway","maxSkew":2}]}`,
		},
		"a spread constraint by its topology alone": {
			`{"topologySpreadConstraints":[{"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]}`,
			`{"topologySpreadConstraints":[{"topologyKey":"zone","$patch":"delete"}]}`,
			`{"topologySpreadConstraints":[]}`,
		},
		"something is replaced": {
			`{"securityContext":{"runAsUser":1}}`, `{"securityContext":{"$patch":"replace","fsGroup":2,"runAsGroup":null}}`, `{"securityContext":{"fsGroup":2}}`,
		},
		"nothing is replaced": {
			`{}`, `{"securityContext":{"$patch":"replace","fsGroup":2}}`, `{"securityContext":{"fsGroup":2}}`,
		},
		"a list is replaced": {
			`{"volumes":[{"name":"a"},{"name":"b"}]}`, `{"volumes":[{"$patch":"replace"},{"name":"c"}]}`, `{"volumes":[{"name":"c"}]}`,
		},
		"merge says what is done anyway": {
			`{"volumes":[{"name":"a","emptyDir":{"medium":"Memory"}}],"securityContext":{"fsGroup":1}}`,
			`{"volumes":[{"name":"a","$patch":"merge","emptyDir":{"sizeLimit":"1"}}],"securityContext":{"$patch":"merge","runAsUser":1}}`,
			`{"volumes":[{"name":"a","emptyDir":{"medium":"Memory","sizeLimit":"1"}}],"securityContext":{"fsGroup":1,"runAsUser":1}}`,
		},
		"no directive and no null is left behind": {
			`{}`,
			`{"containers":[{"name":"a","env":[{"name":"x","$patch":"delete"},{"name":"y","value":null}],"$setElementOrder/env":[],"lifecycle":{"preStop":null}}],"securityContext":{"$retainKeys":["fsGroup"],"fsGroup":2}}`,
			`{"containers":[{"name":"a","env":[{"name":"y"}],"lifecycle":{}}],"securityContext":{"fsGroup":2}}`,
		},
		"keys that are retained": {
			`{"volumes":[{"name":"a","hostPath":{"path":"/"}}]}`, `{"volumes":[{"name":"a","$retainKeys":["name","emptyDir"],"emptyDir":{}}]}`,
			`{"volumes":[{"name":"a","emptyDir":{}}]}`,
		},
		"an argument is deleted": {
			`{"containers":[{"name":"a","args":["x","y","x"]}]}`, `{"containers":[{"name":"a","$deleteFromPrimitiveList/args":["x"]}]}`,
			`{"containers":[{"name":"a","args":["y"]}]}`,
		},
		"a field of another type is replaced": {
			`{"containers":"x"}`, `{"containers":[{"name":"a","image":null}]}`, `{"containers":[{"name":"a"}]}`,
		},
		"of variables of one name the first is merged": {
			`{"containers":[{"name":"a","env":[{"name":"x","value":"1"},{"name":"y"},{"name":"x","value":"2"}]}]}`,
			`{"containers":[{"name":"a","env":[{"name":"x","value":"3"}]}]}`,
			`{"containers":[{"name":"a","env":[{"name":"x","value":"3"},{"name":"x","value":"2"},{"name":"y"}]}]}`,
		},
		"pull secrets without a name": {
			`{"imagePullSecrets":[{},{"name":"a"},{}]}`, `{"imagePullSecrets":[{"name":"b"}]}`, `{"imagePullSecrets":[{"name":"b"},{},{"name":"a"},{}]}`,
		},
		"fields that nobody knows": {
			`{"future":{"a":1,"b":[1]},"containers":[{"name":"app","future":{"x":1},"list":[{"y":1}]}]}`,
			`{"future":{"b":[2],"c":3},"containers":[{"name":"app","future":{"z":2},"list":[{"y":2}]}]}`,
			`{"future":{"a":1,"b":[2],"c":3},"containers":[{"name":"app","future":{"x":1,"z":2},"list":[{"y":2}]}]}`,
		},
		"an unknown directive":     {`{}`, `{"$patc":"delete"}`, `spec.$patc: is not a directive of a strategic merge`},
		"an unknown instruction":   {`{}`, `{"$patch":"remove"}`, `spec.$patch: is remove, want merge, replace or delete`},
		"one for an element":       {`{"volumes":[]}`, `{"volumes":[{"name":"a","$patch":7}]}`, `spec.volumes[0].$patch: is 7, want merge, replace or delete`},
		"no list where one has to": {`{}`, `{"$setElementOrder/volumes":"x"}`, `spec.$setElementOrder/volumes: is a string, want a list`},
		"fields that are not kept": {`{}`, `{"$retainKeys":["a"],"b":1}`, `spec.$retainKeys: does not list b, which stands beside it`},
		"another order": {
			`{"volumes":[{"name":"a"}]}`, `{"volumes":[{"name":"b"},{"name":"a"}],"$setElementOrder/volumes":[{"name":"a"},{"name":"b"}]}`,
			`spec.$setElementOrder/volumes: the elements of the list beside it are not in this order: name=a`,
		},
		"an element that is none":  {`{"containers":[]}`, `{"containers":[null]}`, `spec.containers[0]: is null, want an object`},
		"an element without a key": {`{"containers":[]}`, `{"containers":[{}]}`, `spec.containers[0]: has no name, by which elements of this list are merged`},
		"one of the pod": {
			`{"containers":[{"name":"a","env":[{"value":"x"}]}]}`, `{"containers":[{"name":"a","env":[{"name":"y"}]}]}`,
			`spec.containers[0].env[0]: has no name, by which elements of this list are merged`,
		},
		"of two errors the first": {`{}`, `{"$b":1,"$a":1,"$c":1}`, `spec.$a: is not a directive of a strategic merge`},
	} {
		t.Run(name, func(t *testing.T) {
			pod, overlay := mustDecode(t, `{"spec":`+test.pod+`}`), mustDecode(t, `{"spec":`+test.overlay+`}`)
			before := runtime.DeepCopyJSON(overlay)
			merged, err := mergePod(pod, overlay)
			if err != nil {
				if err.Error() != test.want {
					t.Errorf("error\n got %s\nwant %s", err, test.want)
				}
				return
			}
			if test.want[0] != '{' {
				t.Fatalf("no error, want %s", test.want)
			}
			if diff := cmp.Diff(mustDecode(t, `{"spec":`+test.want+`}`), merged); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, overlay); diff != "" {
				t.Errorf("the overlay is changed (-before +after):\n%s", diff)
			}
		})
	}
}

// What a merge does not change it does not copy.
func TestMergeShares(t *testing.T) {
	pod := mustDecode(t, `{"metadata":{"labels":{"a":"b"}},"spec":{"securityContext":{"fsGroup":1},"volumes":[{"name":"a"}],"containers":[{"name":"app","env":[{"name":"X"}]},{"name":"proxy","args":["x"],"securityContext":{"runAsUser":1}}]}}`)
	overlay := mustDecode(t, `{"metadata":{"labels":{"a":"b"}},"spec":{"securityContext":{"fsGroup":1},"containers":[{"name":"new","args":["y"]},{"name":"proxy","env":[{"name":"Y"}]}]}}`)
	merged, err := mergePod(pod, overlay)
	if err != nil {
		t.Fatal(err)
	}
	find := func(pod map[string]any, path ...any) any {
		var value any = pod
		for _, step := range path {
			switch step := step.(type) {
			case string:
				value = value.(map[string]any)[step]
			case int:
				value = value.([]any)[step]
			}
		}
		return value
	}
	for name, pair := range map[string][2]any{
		"equal labels":          {find(pod, "metadata"), find(merged, "metadata")},
		"an equal object":       {find(pod, "spec", "securityContext"), find(merged, "spec", "securityContext")},
		"an untouched list":     {find(pod, "spec", "volumes"), find(merged, "spec", "volumes")},
		"an untouched element":  {find(pod, "spec", "containers", 0), find(merged, "spec", "containers", 1)},
		"a field of a changed":  {find(pod, "spec", "containers", 1, "args"), find(merged, "spec", "containers", 2, "args")},
		"what the overlay adds": {find(overlay, "spec", "containers", 0), find(merged, "spec", "containers", 0)},
	} {
		if reflect.ValueOf(pair[0]).Pointer() != reflect.ValueOf(pair[1]).Pointer() {
			t.Errorf("%s is copied: %v, %v", name, pair[0], pair[1])
		}
	}
}

// A merge takes time in proportion to its lists.
func BenchmarkMerge(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		pod, overlay := Pod{}, Pod{}
		for i := range size {
			element := map[string]any{"name": fmt.Sprint("c", i), "image": "a"}
			Child(pod, "spec")[Containers] = append(pod.elements(Containers), element)
			if i%2 == 0 {
				element = map[string]any{"name": fmt.Sprint("c", size-i), "image": "b"}
				Child(overlay, "spec")[Containers] = append(overlay.elements(Containers), element)
			}
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mergePod(pod, overlay); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/element")
		})
	}
}
