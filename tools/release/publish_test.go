package release

import (
	"bytes"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// testPublish sends the release to a registry on loopback, and gets it from there.
func testPublish(t *testing.T, dist string, programs map[string]string) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	var progress strings.Builder
	if err := Publish(t.Context(), dist, host, &progress); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(host + "/sidecar-injector/sidecar-injector:" + testNumber)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil || !strings.Contains(progress.String(), tag.String()+"@"+digest.String()+"\n") {
		t.Errorf("the registry has %s, %v, and the progress says:\n%s", digest, err, &progress)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Platform.String() != "linux/"+runtime.GOARCH {
		t.Fatalf("the index is %+v, %v", manifest, err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	testImage(t, image, programs)
	notes, err := os.ReadFile(filepath.Join(dist, notesFile))
	if err != nil || !strings.Contains(string(notes), digest.String()) {
		t.Errorf("the notes do not name the image's digest: %s, %v", notes, err)
	}

	// helm takes the chart that was published, and publishes the package itself.
	if _, err := helm(t, "push", filepath.Join(dist, "sidecar-injector-"+testNumber+".tgz"), "oci://"+host+"/pushed", "--plain-http"); err != nil {
		t.Error(err)
	}
	for _, from := range []string{"/sidecar-injector/charts/sidecar-injector", "/pushed/sidecar-injector"} {
		text, err := helm(t, "template", "x", "oci://"+host+from, "--version", testNumber, "--plain-http")
		if err != nil {
			t.Error(err)
		} else if got := renderedImages(t, text).Injector; got != imageName+":"+testNumber {
			t.Errorf("the chart %s has the image %s", from, got)
		}
	}
}

// testImage looks at one platform's image as a runtime does.
func testImage(t *testing.T, image v1.Image, programs map[string]string) {
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	head, err := run(t.Context(), repository, nil, "git", "rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{"user": config.Config.User, "platform": config.OS + "/" + config.Architecture}
	for _, label := range []string{"version", "revision", "licenses"} {
		got[label] = config.Config.Labels["org.opencontainers.image."+label]
	}
	want := map[string]string{
		"user": "65532:65532", "platform": "linux/" + runtime.GOARCH, "version": testNumber, "revision": strings.TrimSpace(string(head)), "licenses": "Apache-2.0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the image's configuration (-want +got):\n%s", diff)
	}
	var content bytes.Buffer
	flat := mutate.Extract(image)
	defer func() { _ = flat.Close() }()
	if _, err := content.ReadFrom(flat); err != nil {
		t.Fatal(err)
	}
	inside := unpacked(t, content.Bytes())
	if len(inside) != len(programs) {
		t.Errorf("the image has %v", slices.Sorted(maps.Keys(inside)))
	}
	for program, path := range programs {
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(want, inside["usr/local/bin/"+program]) {
			t.Errorf("the image's %s is not the one of the archive (%v)", program, err)
		}
	}
}
