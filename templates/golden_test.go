package templates

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// TestGolden injects the pod of each testdata/*.txtar. Its files:
//
//	options.yaml    the engine's options but for the profile (optional)
//	namespace.yaml  the namespace's metadata (optional)
//	pod.yaml        the pod
//	want.yaml       the injected pod; or
//	want.err        the error
//
// UPDATE_GOLDEN=1 go test ./templates rewrites what is wanted, and stays red when it did.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testGolden(t, file)
		})
	}
}

func testGolden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(archive.Comment)) == 0 {
		t.Error("the case does not say why it exists")
	}
	parts := map[string][]byte{}
	for _, part := range archive.Files {
		switch part.Name {
		case "options.yaml", "namespace.yaml", "pod.yaml", "want.yaml", "want.err":
			parts[part.Name] = part.Data
		default:
			t.Errorf("file %q of the case is not used", part.Name)
		}
	}
	got := txtar.File{Name: "want.yaml"}
	if result, err := injectYAML(t, parts); err != nil {
		got = txtar.File{Name: "want.err", Data: []byte(err.Error() + "\n")}
	} else if got.Data, err = yaml.Marshal(result); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(parts[got.Name]), string(got.Data)); diff != "" {
		t.Errorf("%s differs (-want +got); UPDATE_GOLDEN=1 go test ./templates rewrites it:\n%s", got.Name, diff)
		updateGolden(t, file, archive, got)
	}
}

func updateGolden(t *testing.T, file string, archive *txtar.Archive, got txtar.File) {
	if os.Getenv("UPDATE_GOLDEN") == "" {
		return
	}
	kept := archive.Files[:0:0]
	for _, part := range archive.Files {
		if !strings.HasPrefix(part.Name, "want.") {
			kept = append(kept, part)
		}
	}
	archive.Files = append(kept, got)
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
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
	engine, err := New(options)
	if err != nil {
		return nil, err
	}
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
	final := mustDecode(t, string(injected))
	delete(final["metadata"].(map[string]any)["annotations"].(map[string]any), engine.Profile().Keys.Status)
	return final, nil
}

func mustDecode(t *testing.T, raw string) map[string]any {
	t.Helper()
	object, err := decodeObject([]byte(raw))
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
