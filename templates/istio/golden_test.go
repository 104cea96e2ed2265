package istio

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
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// TestGolden injects the pod of each testdata/*.txtar. Its files:
//
//	sources.yaml         nativeSidecars, openShift, path (optional)
//	config.yaml          Istio's key config (default: testdata/config.yaml), likewise values.yaml and mesh.yaml (default: none)
//	proxyconfigs.yaml    a list of ProxyConfig resources (optional)
//	namespace.yaml       the namespace's metadata (optional)
//	pod.yaml             the pod
//	want.yaml            the injected pod without both status annotations; or
//	want.err             the error
//
// Injecting what results again must change nothing. UPDATE_GOLDEN=1 go test ./templates/istio rewrites what is wanted,
// and stays red when it did.
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
	known := []string{"sources.yaml", "config.yaml", "values.yaml", "mesh.yaml", "proxyconfigs.yaml", "namespace.yaml", "pod.yaml", "want.yaml", "want.err"}
	parts := map[string][]byte{}
	for _, part := range archive.Files {
		if !strings.Contains(strings.Join(known, " "), part.Name) {
			t.Errorf("file %q of the case is not used", part.Name)
		}
		parts[part.Name] = part.Data
	}
	got := txtar.File{Name: "want.yaml"}
	injected, err := injectTwice(t, parts)
	if err != nil {
		got = txtar.File{Name: "want.err", Data: []byte(err.Error() + "\n")}
	} else if got.Data, err = yaml.Marshal(injected); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(parts[got.Name]), string(got.Data)); diff != "" {
		t.Errorf("%s differs (-want +got); UPDATE_GOLDEN=1 go test ./templates/istio rewrites it:\n%s", got.Name, diff)
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
