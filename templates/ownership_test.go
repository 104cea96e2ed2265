package templates

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// Whatever its author wrote, an injected pod is injected again without a change, the status annotation included, and Remove
// makes what means the author's pod of it; so it is when the API server has stored it in between.
func TestOwnershipOfAnyPod(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
metadata:
  labels: {added: "yes"}
spec:
  securityContext: {fsGroup: 1337}
  tolerations: [{key: added}]
  initContainers:
  - name: b
    image: b
    restartPolicy: Always
    resources: {limits: {cpu: 2000m, memory: 1024Mi}, requests: {cpu: 0.5}}
    ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]
    env: [{name: A, value: theirs}, {name: C, value: theirs}]
    livenessProbe: {httpGet: {port: 80}, initialDelaySeconds: 0, periodSeconds: 20}
  containers:
  - {name: c, image: c, args: [run], tty: true}
`}})
	key := engine.Profile().Keys.Status
	random := rand.New(rand.NewPCG(3, 4))
	checked := 0
	for range 10_000 {
		author := asStored(t, randomPod(random))
		if author == nil || len(Pod(author).In(Containers)) == 0 || hasTwins(author) {
			continue
		}
		result, err := engine.Inject(Input{Pod: author})
		if err != nil {
			continue
		}
		checked++
		for _, pod := range []map[string]any{result.Pod, asStored(t, result.Pod)} {
			again := mustInject(t, engine, pod)
			was, _ := Pod(result.Pod).Annotation(key)
			is, _ := Pod(again.Pod).Annotation(key)
			if again.Patch != nil || was != is {
				t.Fatalf("injecting again changes\n%s\nby %s\nstatus (-was +is):\n%s", listmap.AppendJSON(nil, author), again.Patch.AppendJSON(nil), cmp.Diff(was, is))
			}
			removed, _, ok, err := Remove(pod, key)
			if len(Pod(author).In(Containers)) > 0 && (!ok || err != nil) {
				t.Fatalf("Remove: %v, %v", ok, err)
			}
			if !listmap.Equal(podtype.Pod(), author, removed) {
				t.Fatalf("what Remove makes (-author +removed):\n%s", cmp.Diff(author, removed))
			}
		}
	}
	if checked < 300 {
		t.Errorf("only %d pods were injected", checked)
	}
}

// asStored is what the API server makes of a pod but for its defaults; nil if it is no pod.
func asStored(t *testing.T, pod map[string]any) map[string]any {
	t.Helper()
	var typed corev1.Pod
	if json.Unmarshal(listmap.AppendJSON(nil, pod), &typed) != nil {
		return nil
	}
	text, err := json.Marshal(typed)
	if err != nil {
		t.Fatal(err)
	}
	stored := mustDecode(t, string(text))
	delete(stored, "status")
	return stored
}

// hasTwins says that two containers have one name, or two elements of a list in one of them one key.
func hasTwins(pod Pod) bool {
	keys := map[string]bool{}
	twin := func(scope, key string) bool {
		seen := keys[scope+key]
		keys[scope+key] = true
		return seen
	}
	for _, container := range pod.All() {
		name := nameOf(container)
		for _, field := range []string{"env", "ports"} {
			list, _ := container[field].([]any)
			for _, element := range list {
				if key, _ := listmap.Key(containerType.Field(field), element); twin(name+field, key) {
					return true
				}
			}
		}
		if twin("", name) {
			return true
		}
	}
	return false
}

// Hashes of annotations that were written before stay valid: these are of the first version that wrote them.
func TestOwnedFieldsStayValid(t *testing.T) {
	container := mustDecode(t, `{"name":"proxy","image":"a","args":["x","<"],"resources":{"limits":{"cpu":"2"}},"tty":true,
		"ports":[{"containerPort":80,"protocol":"TCP","name":"http"}],"env":[{"name":"A","value":"b"}],"volumeMounts":[{"name":"v","mountPath":"/v"}]}`)
	text, err := json.Marshal(ownedInContainer(container, nil))
	if err != nil {
		t.Fatal(err)
	}
	const want = `Q6rPYon6/iedsoSuoMwy76pJBOuviDmNy5C5vtkPOKjZTMb079JXBA==`
	if diff := cmp.Diff(want, strings.Trim(string(text), `"`)); diff != "" {
		t.Errorf("owned fields (-before +now):\n%s", diff)
	}
}

// Lists that stand in an annotation, and nesting of any depth, cost what their length says.
func TestOwnershipIsLinear(t *testing.T) {
	nested := any(map[string]any{})
	for range 9_000 {
		nested = map[string]any{"a": []any{nested}}
	}
	containers := make([]any, 20_000)
	status := status{Containers: map[string]ownedFields{}, Overrides: map[string]object{}, Positions: positions{}}
	lists := map[string]string{}
	for i := range containers {
		name := "c" + string(rune('a'+i%26)) + strings.Repeat("x", i/26%30) + "-" + string(rune('a'+i/780))
		containers[i] = map[string]any{"name": name, "image": "x"}
		status.Containers[name], status.Overrides[name], status.Positions[name], lists[name] = nil, object{}, "initContainers/7", InitContainers
	}
	pod := map[string]any{"spec": map[string]any{"nested": nested, "containers": containers}}
	start := time.Now()
	now := status
	now.noteAuthor(pod, runtime.DeepCopyJSON(map[string]any{"spec": map[string]any{"nested": nested, "containers": containers[:10]}}), lists, "status")
	status.restorePositions(map[string]any{"spec": map[string]any{"containers": containers}})
	status.Pod = make(ownedFields, 4)
	status.remove(pod, "status")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
