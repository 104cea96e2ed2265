package webhook

import (
	"encoding/json"
	"os"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// minimalPod is the smallest pod that an API server accepts. Every other pod of these tests is a tweak of it.
const minimalPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"myapp"},"spec":{"containers":[{"name":"myapp","image":"nginx"}]}}`

// The keys of the envoy profile that these tests write.
const (
	injectKey = "sidecar.istio.io/inject"
	statusKey = "sidecar-injector.github.io/status"
)

// tweak changes a pod in one respect.
type tweak func(pod map[string]any)

// aPod returns the minimal pod with tweaks, as a raw object.
func aPod(t testing.TB, tweaks ...tweak) map[string]any {
	t.Helper()
	pod := decode(t, []byte(minimalPod))
	for _, apply := range tweaks {
		apply(pod)
	}
	return pod
}

// typed converts a raw pod.
func typed(t testing.TB, pod map[string]any) *corev1.Pod {
	t.Helper()
	var converted corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(pod, &converted); err != nil {
		t.Fatalf("convert fixture: %v", err)
	}
	return &converted
}

// set puts a value at a path; objects on the way are made.
func set(value any, path ...string) tweak {
	return func(pod map[string]any) {
		object := pod
		for _, step := range path[:len(path)-1] {
			inner, ok := object[step].(map[string]any)
			if !ok {
				inner = map[string]any{}
				object[step] = inner
			}
			object = inner
		}
		object[path[len(path)-1]] = value
	}
}

func label(key, value string) tweak      { return set(value, "metadata", "labels", key) }
func annotation(key, value string) tweak { return set(value, "metadata", "annotations", key) }
func labelInject(value string) tweak     { return label(injectKey, value) }
func annotateInject(value string) tweak  { return annotation(injectKey, value) }

// container adds a container to the list (containers or initContainers).
func container(list, name string) tweak {
	return func(pod map[string]any) {
		spec := pod["spec"].(map[string]any)
		others, _ := spec[list].([]any)
		spec[list] = append(others, map[string]any{"name": name, "image": "busybox"})
	}
}

// inFirstContainer sets a field of the first container.
func inFirstContainer(field string, value any) tweak {
	return func(pod map[string]any) {
		pod["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)[field] = value
	}
}

// decode decodes one JSON object as the handler does: integers are int64.
func decode(t testing.TB, raw []byte) map[string]any {
	t.Helper()
	var object map[string]any
	if err := utiljson.Unmarshal(raw, &object); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return object
}

func encode(t testing.TB, value any) []byte {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("encode %v: %v", value, err)
	}
	return raw
}

// applied returns the object with an RFC 6902 patch applied.
func applied(t testing.TB, object map[string]any, patch []byte) map[string]any {
	t.Helper()
	if len(patch) == 0 {
		return object
	}
	decoded, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		t.Fatalf("decode patch: %v\n%s", err, patch)
	}
	raw, err := decoded.Apply(encode(t, object))
	if err != nil {
		t.Fatalf("apply patch: %v\n%s", err, patch)
	}
	return decode(t, raw)
}

// containerNames lists the names in a list of containers, in order.
func containerNames(pod map[string]any, list string) []string {
	var names []string
	elements, _ := pod["spec"].(map[string]any)[list].([]any)
	for _, element := range elements {
		names = append(names, element.(map[string]any)["name"].(string))
	}
	return names
}

// parsed returns a configuration.
func parsed(t testing.TB, config, values string) *Config {
	t.Helper()
	c, err := Parse([]byte(config), []byte(values))
	if err != nil {
		t.Fatalf("parse configuration: %v", err)
	}
	if why, refused := refusedBySchemas(t, config, values); refused {
		t.Errorf("the schemas refuse what the program takes: %s", why)
	}
	return c
}

// examplePod returns a pod as the ReplicaSet controller makes it of the example workload.
func examplePod(t testing.TB) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../examples/myapp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var deployment map[string]any
	if err := yaml.Unmarshal(text, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := decode(t, encode(t, deployment["spec"].(map[string]any)["template"]))
	for _, apply := range []tweak{
		set("v1", "apiVersion"), set("Pod", "kind"),
		set("myapp-6f7c9d8b5-", "metadata", "generateName"),
		label("pod-template-hash", "6f7c9d8b5"),
	} {
		apply(pod)
	}
	return pod
}
