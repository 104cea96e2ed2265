package envoy

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/packed"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// plainPod is the minimal pod that the others are tweaks of.
const plainPod = `{metadata: {name: p}, spec: {containers: [{name: app, image: app}]}}`

// annotated returns the minimal pod with annotations, in YAML's flow style.
func annotated(annotations string) string {
	return `{metadata: {name: p, annotations: {` + annotations + `}}, spec: {containers: [{name: app, image: app}]}}`
}

// inject injects a pod by the Envoy profile with the values, both in YAML, and once more, which must change nothing.
func inject(t *testing.T, values, pod string) templates.Pod {
	t.Helper()
	injected, err := tryInject(t, values, pod)
	if err != nil {
		t.Fatal(err)
	}
	return injected
}

func tryInject(t *testing.T, values, pod string) (templates.Pod, error) {
	t.Helper()
	engine, err := templates.New(templates.Options{Values: decode(t, values)})
	if err != nil {
		return nil, err
	}
	result, err := engine.Inject(templates.Input{Pod: decode(t, pod), Namespace: metav1.ObjectMeta{Name: "shop"}})
	if err != nil {
		return nil, err
	}
	again, err := engine.Inject(templates.Input{Pod: result.Pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
	if err != nil || len(again.Patch) > 0 {
		t.Errorf("injecting again changes the pod: %v (%v)", again.Patch, err)
	}
	return result.Pod, nil
}

// decode reads an object, integers as int64.
func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]any{}
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// container returns an injected container, from whichever list it is in.
func container(t *testing.T, pod templates.Pod, name string) map[string]any {
	t.Helper()
	found, _ := pod.Find(name)
	if found == nil {
		t.Fatalf("the pod has no container %q", name)
	}
	return found
}

// argumentsOf returns the arguments of an injected container.
func argumentsOf(t *testing.T, pod templates.Pod, name string) []string {
	t.Helper()
	var arguments []string
	for _, argument := range container(t, pod, name)["args"].([]any) {
		arguments = append(arguments, argument.(string))
	}
	return arguments
}

// argument returns what follows the option in the arguments of an injected container.
func argument(t *testing.T, pod templates.Pod, container, option string) string {
	t.Helper()
	arguments := argumentsOf(t, pod, container)
	i := slices.Index(arguments, option)
	if i < 0 || i+1 == len(arguments) {
		t.Fatalf("%s has no argument %s", container, option)
	}
	return arguments[i+1]
}

// bootstrapOf returns the proxy's configuration, as JSON: in its arguments, or packed in those of the init container.
func bootstrapOf(t *testing.T, pod templates.Pod) string {
	t.Helper()
	if init, _ := pod.Find("sidecar-init"); init == nil {
		return argument(t, pod, "sidecar-proxy", "--config-yaml")
	}
	text, err := packed.Unpack(argument(t, pod, "sidecar-init", "--config"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
