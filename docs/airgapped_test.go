package docs

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/manifests"
)

// TestImageList compares the list of images for sites without the internet with what the chart installs, and with what it
// knows of the images of pods.
func TestImageList(t *testing.T) {
	want := map[string]bool{}
	for _, image := range regexp.MustCompile(`(?m)^ +image: "([^"]+)"$`).FindAllSubmatch(manifests.Install, -1) {
		want[string(image[1])] = true
	}
	if len(want) == 0 {
		t.Fatal("install.yaml has no image: is it read as it stands?")
	}
	text, err := os.ReadFile("../manifests/sidecar-injector/profiles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var profiles map[string]struct{ Images map[string]string }
	if err := yaml.Unmarshal(text, &profiles); err != nil {
		t.Fatal(err)
	}
	for _, profile := range profiles {
		for _, image := range profile.Images {
			want[image] = true
		}
	}
	page, err := os.ReadFile("airgapped.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, image := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(page, -1) {
		got[string(image[1])] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("the images of airgapped.md (-chart +page):\n%s", diff)
	}
}
