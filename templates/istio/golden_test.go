package istio

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/internal/golden"
)

// TestGolden injects the pod of each testdata/*.txtar. Its files:
//
//	sources.yaml         nativeSidecars, openShift, path (optional)
//	config.yaml          Istio's key config (default: testdata/config.yaml), likewise values.yaml and mesh.yaml (default: none)
//	proxyconfigs.yaml    a list of ProxyConfig resources (optional)
//	namespace.yaml       the namespace's metadata (optional)
//	pod.yaml             the pod
//	removed.yaml         what removing the injection gives, where that is not the pod as it was written (optional)
//	want.yaml            the injected pod without both status annotations; or
//	want.err             the error
//
// Injecting what results again must change nothing, and removing the injection must give the pod again. UPDATE_GOLDEN=1 go test ./templates/istio rewrites what is wanted,
// and stays red when it did.
func TestGolden(t *testing.T) {
	inputs := []string{"sources.yaml", "config.yaml", "values.yaml", "mesh.yaml", "proxyconfigs.yaml", "namespace.yaml", "pod.yaml", "removed.yaml"}
	golden.Run(t, inputs, func(t *testing.T, files map[string][]byte) (any, error) { return injectTwice(t, files) })
}

// injectTwice injects the pod, applies the patch to the raw JSON, injects what results, and returns it.
func injectTwice(t *testing.T, parts map[string][]byte) (map[string]any, error) {
	t.Helper()
	engine, path, err := engineOf(t, parts)
	if err != nil {
		return nil, err
	}
	input := templates.Input{Pod: mustDecode(t, parts["pod.yaml"]), Namespace: metav1.ObjectMeta{Name: "shop"}, Path: path}
	mustRead(t, parts["namespace.yaml"], &input.Namespace)
	result, err := engine.Inject(input)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(input.Pod)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result.Patch)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = patch.Apply(raw); err != nil {
		t.Fatal(err)
	}
	input.Pod = mustDecode(t, raw)
	again, err := engine.Inject(input)
	if err != nil {
		t.Fatalf("inject again: %v", err)
	}
	if len(again.Patch) > 0 {
		t.Errorf("injecting again changes the pod: %v", again.Patch)
	}
	author := parts["removed.yaml"]
	if author == nil {
		author = parts["pod.yaml"]
	}
	removed, _, _, err := templates.Remove(input.Pod, marker)
	if diff := cmp.Diff(mustDecode(t, author), removed); err != nil || diff != "" {
		t.Errorf("what is removed is not what was injected (error %v; -author +removed):\n%s", err, diff)
	}
	annotations := templates.Pod(input.Pod).Annotations()
	delete(annotations, marker)
	delete(annotations, annotationStatus)
	return input.Pod, nil
}

// engineOf returns the engine of a case.
func engineOf(t *testing.T, parts map[string][]byte) (engine *templates.Engine, path map[string]string, err error) {
	t.Helper()
	var settings struct {
		NativeSidecars bool              `json:"nativeSidecars"`
		OpenShift      bool              `json:"openShift"`
		Path           map[string]string `json:"path"`
	}
	mustRead(t, parts["sources.yaml"], &settings)
	sources := Sources{
		Config: parts["config.yaml"], Values: parts["values.yaml"], Mesh: parts["mesh.yaml"],
		NativeSidecars: settings.NativeSidecars, OpenShift: settings.OpenShift,
	}
	if sources.Config == nil {
		if sources.Config, err = os.ReadFile("testdata/config.yaml"); err != nil {
			t.Fatal(err)
		}
	}
	var resources []map[string]any
	mustRead(t, parts["proxyconfigs.yaml"], &resources)
	for _, resource := range resources {
		decoded, err := DecodeProxyConfig(resource)
		if err != nil {
			t.Fatal(err)
		}
		sources.ProxyConfigs = append(sources.ProxyConfigs, decoded)
	}
	installation, err := Load(sources)
	if err != nil {
		return nil, nil, err
	}
	engine, err = templates.New(templates.Options{Profile: installation.Profile})
	return engine, settings.Path, err
}

func mustRead(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatal(err)
	}
}

func mustDecode(t *testing.T, text []byte) map[string]any {
	t.Helper()
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	return object
}
