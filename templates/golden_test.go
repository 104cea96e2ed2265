package templates

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/schemacheck"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/templates/internal/golden"
)

// TestGolden injects the pod of each testdata/*.txtar. Its files:
//
//	profile.txt     the name of a built-in profile (optional)
//	options.yaml    the engine's other options (optional)
//	namespace.yaml  the namespace's metadata (optional)
//	pod.yaml        the pod
//	warnings.txt    the warnings, one a line (optional: there are none)
//	removed.yaml    what removing the injection gives, where that is not the pod as it was written (optional)
//	want.yaml       the injected pod; or
//	want.err        the error
//
// Removing the injection must give the pod again. UPDATE_GOLDEN=1 go test ./templates rewrites what is wanted, and stays red when it did.
func TestGolden(t *testing.T) {
	golden.Run(t, []string{"profile.txt", "options.yaml", "namespace.yaml", "pod.yaml", "removed.yaml", "warnings.txt"}, func(t *testing.T, files map[string][]byte) (any, error) {
		return injectYAML(t, files)
	})
}

// valuesSchemaTakes checks that the published schema takes values of a built-in profile that the program takes.
func valuesSchemaTakes(t *testing.T, profile string, values map[string]any) {
	t.Helper()
	if len(values) == 0 {
		return
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if why, refused := schemacheck.Refuses(t, "../docs/schemas/values-"+profile+".schema.json", text); refused {
		t.Errorf("the schema refuses values that the program takes: %s", why)
	}
}

// injectYAML injects the pod, applies the patch to the raw JSON, injects what results, which must change nothing, and
// returns it.
func injectYAML(t *testing.T, parts map[string][]byte) (map[string]any, error) {
	t.Helper()
	var options Options
	if err := yaml.UnmarshalStrict(parts["options.yaml"], &options); err != nil {
		t.Fatal(err)
	}
	if len(options.Values) > 0 { // in which whole numbers stay whole
		object, err := strictyaml.Object(parts["options.yaml"])
		if err != nil {
			t.Fatal(err)
		}
		for key, values := range object {
			if strings.EqualFold(key, "values") {
				options.Values = values.(map[string]any)
			}
		}
	}
	if name := strings.TrimSpace(string(parts["profile.txt"])); name != "" {
		profile, err := BuiltinProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		options.Profile = profile
	}
	engine, err := New(options)
	if err != nil {
		return nil, err
	}
	valuesSchemaTakes(t, engine.profile.Name, options.Values)
	namespace := metav1.ObjectMeta{Name: "shop"}
	if err := yaml.UnmarshalStrict(parts["namespace.yaml"], &namespace); err != nil {
		t.Fatal(err)
	}
	raw, err := yaml.YAMLToJSON(parts["pod.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	result, err := engine.Inject(Input{Pod: mustDecode(t, string(raw)), Namespace: namespace})
	if err != nil {
		return nil, err
	}
	if diff := cmp.Diff(strings.TrimSpace(string(parts["warnings.txt"])), strings.Join(result.Warnings, "\n")); diff != "" {
		t.Errorf("warnings differ (-want +got):\n%s", diff)
	}
	injected := applyPatch(t, raw, result.Patch)
	if diff := cmp.Diff(result.Pod, mustDecode(t, string(injected))); diff != "" && !bytes.Contains(raw, []byte("null")) {
		t.Errorf("the patched pod is not the injected pod (-injected +patched):\n%s", diff)
	}
	again, err := engine.Inject(Input{Pod: mustDecode(t, string(injected)), Namespace: namespace})
	if err != nil {
		t.Fatalf("inject again: %v", err)
	}
	if len(again.Patch) > 0 {
		t.Errorf("injecting again changes the pod: %v", again.Patch)
	}
	if diff := cmp.Diff(result.Warnings, again.Warnings); diff != "" {
		t.Errorf("injecting again warns otherwise:\n%s", diff)
	}
	author := parts["removed.yaml"]
	if author == nil {
		author = parts["pod.yaml"]
	}
	if raw, err = yaml.YAMLToJSON(author); err != nil {
		t.Fatal(err)
	}
	checkRemoved(t, engine, mustDecode(t, string(raw)), again.Pod)
	final := mustDecode(t, string(injected))
	delete(final["metadata"].(map[string]any)["annotations"].(map[string]any), engine.Profile().Keys.Status)
	return final, nil
}

func mustDecode(t *testing.T, raw string) map[string]any {
	t.Helper()
	object, err := strictyaml.DecodeObject([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func applyPatch(t *testing.T, raw []byte, patch Patch) []byte {
	t.Helper()
	if len(patch) == 0 {
		return raw
	}
	text, err := json.Marshal(patch)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := jsonpatch.DecodePatch(text)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := decoded.Apply(raw)
	if err != nil {
		t.Fatalf("apply %s: %v", text, err)
	}
	return patched
}
