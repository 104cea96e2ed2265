package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// TestWrite reads an archive back as a runtime does, and compares it with what the
// Dockerfile makes.
func TestWrite(t *testing.T) {
	programs := t.TempDir()
	for _, name := range []string{"sidecar-injector", "traffic-redirect"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("program "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	first, second := filepath.Join(t.TempDir(), "first.tar"), filepath.Join(t.TempDir(), "second.tar")
	for _, to := range []string{first, second} {
		if err := Write(to, Own(programs, "arm64", "registry.example/own:1")); err != nil {
			t.Fatal(err)
		}
	}
	one, two := read(t, first), read(t, second)
	if !bytes.Equal(one, two) {
		t.Error("the same programs made two different archives")
	}

	manifest, config, files := unpack(t, one)
	if name := manifest.Annotations["io.containerd.image.name"]; name != "registry.example/own:1" {
		t.Errorf("the image's name is %q, want registry.example/own:1", name)
	}
	if config.OS != "linux" || config.Architecture != "arm64" {
		t.Errorf("the image is for %s/%s, want linux/arm64", config.OS, config.Architecture)
	}
	want := v1.Config{
		User: "65532:65532", Env: []string{"PATH=/usr/local/bin"},
		Entrypoint: []string{"/usr/local/bin/sidecar-injector"}, Cmd: []string{"serve"},
	}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("the image's configuration (-want +got):\n%s", diff)
	}
	wantFiles := map[string]string{
		"usr/": "0755", "usr/local/": "0755", "usr/local/bin/": "0755",
		"usr/local/bin/sidecar-injector": "0755 program sidecar-injector",
		"usr/local/bin/traffic-redirect": "0755 program traffic-redirect",
	}
	if diff := cmp.Diff(wantFiles, files); diff != "" {
		t.Errorf("the image's files (-want +got):\n%s", diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	to := filepath.Join(t.TempDir(), "none.tar")
	for name, files := range map[string]map[string]string{
		"a file that is not there": {"/program": filepath.Join(t.TempDir(), "missing")},
		"a path that climbs":       {"/../program": "image_test.go"},
		"a relative path":          {"program": "image_test.go"},
	} {
		if err := Write(to, Image{Name: "registry.example/none:1", Files: files}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("an archive that could not be made is there")
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// unpack returns the one image of an archive: its descriptor, its configuration,
// and its files with mode and content.
func unpack(t *testing.T, archive []byte) (v1.Descriptor, *v1.ConfigFile, map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, file := range entries(t, archive) {
		to := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, file.content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("read the index: %v, %v, want one manifest", manifest, err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("read the layers: %v, %v, want one", layers, err)
	}
	reader, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(reader); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, file := range entries(t, content.Bytes()) {
		files[name] = file.mode
		if len(file.content) > 0 {
			files[name] += " " + string(file.content)
		}
	}
	return manifest.Manifests[0], config, files
}

type entry struct {
	mode    string
	content []byte
}

func entries(t *testing.T, archive []byte) map[string]entry {
	t.Helper()
	found := map[string]entry{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if err != nil {
			return found
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(reader); err != nil {
			t.Fatal(err)
		}
		found[header.Name] = entry{mode: fmt.Sprintf("%04o", header.Mode), content: content.Bytes()}
	}
}
