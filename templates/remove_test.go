package templates

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
)

// What templates change and add outside the containers that they inject goes again, and what they overwrote and deleted
// comes back.
func TestRemove(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
metadata:
  labels: {added: "yes", kept: same}
  annotations: {overwritten: theirs}
spec:
  securityContext: {fsGroup: 1337}
  priorityClassName: theirs
  terminationGracePeriodSeconds: 60
  volumes:
  - name: data
    emptyDir: {medium: Memory}
  - name: added
    emptyDir: {}
  - {name: unwanted, $patch: delete}
  - {name: empty, emptyDir: {}}
  - {name: settings, configMap: {name: theirs}}
  containers:
  - name: proxy
    image: proxy
    args: [run]
    env:
    - {name: A, value: theirs}
    - {name: B, value: theirs}
  initContainers:
  - name: init
    image: init
`}})
	for name, pod := range map[string]string{
		"nothing of its own":                   minimalPod,
		"metadata that is empty":               `{"metadata":{"labels":{},"annotations":{}},"spec":{"initContainers":[],"containers":[{"name":"app","image":"a"}]}}`,
		"what is overwritten":                  `{"metadata":{"labels":{"kept":"same"},"annotations":{"overwritten":"mine"}},"spec":{"priorityClassName":"mine","terminationGracePeriodSeconds":9007199254740993,"securityContext":{"fsGroup":1,"runAsUser":7},"containers":[{"name":"app","image":"a"}]}}`,
		"what is deleted":                      `{"spec":{"volumes":[{"name":"data","emptyDir":{"sizeLimit":"1Gi"}},{"name":"unwanted","configMap":{"name":"x"}}],"containers":[{"name":"app","image":"a"}]}}`,
		"an order of its own":                  `{"spec":{"volumes":[{"name":"empty","emptyDir":{}},{"name":"own","emptyDir":{}},{"name":"unwanted","emptyDir":{}},{"name":"data","emptyDir":{}}],"containers":[{"name":"app","image":"a"}]}}`,
		"keys that stand twice in an override": `{"spec":{"containers":[{"name":"app","image":"a"},{"name":"proxy","image":"auto","env":[{"name":"B","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"B"}]}]}}`,
		"keys that stand twice in an override, the second with more": `{"spec":{"containers":[{"name":"app","image":"a"},{"name":"proxy","image":"auto","env":[{"name":"D"},{"name":"D","value":"010"}]}]}}`,
		"what is added deeper":                 `{"spec":{"volumes":[{"name":"empty"}],"containers":[{"name":"app","image":"a"}]}}`,
		"an override":                          `{"spec":{"containers":[{"name":"app","image":"a"},{"name":"proxy","image":"auto","args":["mine"],"env":[{"name":"B","value":"mine"},{"name":"C","value":"mine"}]},{"name":"last","image":"a"}]}}`,
		"an override by the name":              `{"spec":{"containers":[{"name":"proxy","image":"auto"},{"name":"app","image":"a"}],"initContainers":[{"name":"init"},{"name":"own","image":"a"}]}}`,
		"an override elsewhere":                `{"spec":{"initContainers":[{"name":"first","image":"a"},{"name":"proxy","image":"auto","tty":true}],"containers":[{"name":"app","image":"a"}]}}`,
		"two overrides, the first elsewhere":   `{"spec":{"containers":[{"name":"init","image":"auto","tty":true},{"name":"proxy","image":"auto","tty":true},{"name":"app","image":"a"}]}}`,
		"what is overwritten beside a default": `{"spec":{"volumes":[{"name":"settings","configMap":{"name":"mine","defaultMode":420}}],"containers":[{"name":"app","image":"a"}]}}`,
		"keys that stand twice":                `{"spec":{"containers":[{"name":"app","image":"a","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			author := mustDecode(t, pod)
			injected := mustInject(t, engine, author).Pod
			checkRemoved(t, engine, author, injected)
			again := mustInject(t, engine, injected)
			if again.Patch != nil {
				t.Errorf("injecting again changes the pod by %s", again.Patch.AppendJSON(nil))
			}
			checkRemoved(t, engine, author, again.Pod)
		})
	}
}

// checkRemoved checks that Remove makes the author's pod of the injected one, and writes to neither.
func checkRemoved(t *testing.T, engine *Engine, author, injected map[string]any) {
	t.Helper()
	before := runtime.DeepCopyJSON(injected)
	removed, _, ok, err := Remove(injected, engine.Profile().Keys.Status)
	if err != nil || !ok {
		t.Fatalf("Remove: ok %v, error %v", ok, err)
	}
	if diff := cmp.Diff(author, removed); diff != "" {
		t.Errorf("what is removed is not what was injected (-author +removed):\n%s", diff)
	}
	if diff := cmp.Diff(before, injected); diff != "" {
		t.Errorf("Remove changes the pod that it is given (-before +after):\n%s", diff)
	}
}

// What somebody has changed since stays, and what came into something injected goes with it.
func TestRemoveAfterChanges(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
metadata:
  labels: {changed: a, same: a}
spec:
  securityContext: {fsGroup: 1337}
  volumes:
  - name: added
    projected: {sources: []}
  containers:
  - name: proxy
    image: proxy
`}})
	pod := runtime.DeepCopyJSON(mustInject(t, engine, mustDecode(t, minimalPod)).Pod)
	Pod(pod).Labels()["changed"], Pod(pod).Labels()["new"] = "b", "b"
	spec := Child(pod, "spec")
	Child(spec, "securityContext")["runAsUser"] = int64(7)
	Child(spec["volumes"].([]any)[0].(map[string]any), "projected")["defaultMode"] = int64(420)
	spec["volumes"] = append(spec["volumes"].([]any), map[string]any{"name": "new", "emptyDir": map[string]any{}})
	proxy, _ := Pod(pod).Find("proxy")
	proxy["terminationMessagePath"] = "/dev/termination-log"

	author := mustDecode(t, minimalPod)
	Pod(author).Labels()["changed"], Pod(author).Labels()["new"] = "b", "b"
	Child(Child(author, "spec"), "securityContext")["runAsUser"] = int64(7)
	Child(author, "spec")["volumes"] = []any{map[string]any{"name": "new", "emptyDir": map[string]any{}}}
	checkRemoved(t, engine, author, pod)
}

// A status that lists every container, or what is no status, takes nothing away.
func TestRemoveRefuses(t *testing.T) {
	const key = "status"
	for name, annotation := range map[string]string{
		"nothing": "", "no JSON": "{", "another form": `{"containers":"x"}`, "no injection": `{"revision":"default","templates":["t"],"containers":{}}`,
		"a broken part": `{"containers":{"app":""},"was":7}`,
	} {
		pod := mustDecode(t, minimalPod)
		Pod(pod).Annotations()[key] = annotation
		if removed, _, ok, err := Remove(pod, key); ok || err != nil || removed != nil {
			t.Errorf("%s: Remove returns %v, %v, %v, want nothing", name, removed, ok, err)
		}
	}
	pod := mustDecode(t, minimalPod)
	Pod(pod).Annotations()[key] = status{Containers: map[string]ownedFields{"app": nil}}.String()
	if _, _, ok, err := Remove(pod, key); !ok || err == nil {
		t.Errorf("all containers listed: ok %v, error %v, want an error", ok, err)
	}
}
