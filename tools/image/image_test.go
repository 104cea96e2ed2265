package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// TestWrite reads an archive back as a runtime does.
func TestWrite(t *testing.T) {
	own := Own(programs(t), "arm64", "registry.example/own:1", Build{})
	index := written(t, func(to string) error { return Write(to, own) }, own.Name)
	if len(index.Manifests) != 1 || index.Manifests[0].Platform.String() != "linux/arm64" {
		t.Errorf("the archive has %+v, want one image for linux/arm64", index.Manifests)
	}
	config, files := unpack(t, index.layout, index.Manifests[0].Digest)
	if config.OS != "linux" || config.Architecture != "arm64" {
		t.Errorf("the image is for %s/%s, want linux/arm64", config.OS, config.Architecture)
	}
	for _, label := range []string{"version", "revision", "created"} {
		if value, ok := config.Config.Labels["org.opencontainers.image."+label]; ok {
			t.Errorf("the label %s is %q, though it is not known", label, value)
		}
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

// TestWriteIndex reads back an image for two platforms, with what it says of itself.
func TestWriteIndex(t *testing.T) {
	var images []Image
	of := Build{Version: "1.2.3", Revision: "abc", Created: time.Unix(1700000000, 0)}
	for _, architecture := range []string{"amd64", "arm64"} {
		images = append(images, Own(programs(t), architecture, "", of))
	}
	var digest v1.Hash
	write := func(to string) (err error) {
		digest, err = WriteIndex(to, "registry.example/own:1", images)
		return err
	}
	outer := written(t, write, "registry.example/own:1")
	if digest != outer.Manifests[0].Digest {
		t.Errorf("the digest is said to be %s, and is %s", digest, outer.Manifests[0].Digest)
	}
	inner, err := outer.layout.ImageIndex(outer.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	index, err := inner.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, manifest := range index.Manifests {
		platforms = append(platforms, manifest.Platform.String())
		image, err := inner.Image(manifest.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		want := v1.Config{
			User: "65532:65532", Env: []string{"PATH=/usr/local/bin"},
			Entrypoint: []string{"/usr/local/bin/sidecar-injector"}, Cmd: []string{"serve"},
			Labels: map[string]string{
				"org.opencontainers.image.title":         "sidecar-injector",
				"org.opencontainers.image.description":   "A stand-alone sidecar injector for Kubernetes",
				"org.opencontainers.image.url":           Source,
				"org.opencontainers.image.source":        Source,
				"org.opencontainers.image.documentation": Source + "#readme",
				"org.opencontainers.image.licenses":      "Apache-2.0",
				"org.opencontainers.image.version":       "1.2.3",
				"org.opencontainers.image.revision":      "abc",
				"org.opencontainers.image.created":       "2023-11-14T22:13:20Z",
			},
		}
		if diff := cmp.Diff(want, config.Config); diff != "" {
			t.Errorf("%s: the image's configuration (-want +got):\n%s", manifest.Platform, diff)
		}
		if !config.Created.Equal(of.Created) {
			t.Errorf("%s: created %s, want %s", manifest.Platform, config.Created, of.Created)
		}
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("the index's platforms (-want +got):\n%s", diff)
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

// programs returns a folder with two files under the names of the programs.
func programs(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"sidecar-injector", "traffic-redirect"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("program "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// archived is what an archive lists.
type archived struct {
	*v1.IndexManifest
	layout v1.ImageIndex
}

// written writes an archive twice, which has to give the same bytes, and returns what is in it under the name.
func written(t *testing.T, write func(to string) error, name string) archived {
	t.Helper()
	var texts [2][]byte
	for i := range texts {
		to := filepath.Join(t.TempDir(), "image.tar")
		if err := write(to); err != nil {
			t.Fatal(err)
		}
		var err error
		if texts[i], err = os.ReadFile(to); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("the same programs made two different archives")
	}
	folder := t.TempDir()
	for name, file := range entries(t, texts[0]) {
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
	for _, key := range []string{"io.containerd.image.name", "org.opencontainers.image.ref.name"} {
		if got := manifest.Manifests[0].Annotations[key]; got != name {
			t.Errorf("the annotation %s is %q, want %s", key, got, name)
		}
	}
	return archived{manifest, index}
}

// unpack returns an image's configuration, and its files with mode and content.
func unpack(t *testing.T, index v1.ImageIndex, digest v1.Hash) (*v1.ConfigFile, map[string]string) {
	t.Helper()
	image, err := index.Image(digest)
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
	return config, files
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
