package manifests

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// known is what the chart knows of a profile.
type known struct {
	Keys      templates.Keys      `json:"keys"`
	Trigger   templates.Trigger   `json:"trigger,omitzero"`
	Sources   []templates.Source  `json:"sources,omitempty"`
	Redirect  containers          `json:"redirect,omitzero"`
	PodPolicy templates.PodPolicy `json:"podPolicy,omitzero"`
	// Images are the values that are images, by their paths of two keys, with their defaults.
	Images map[string]string `json:"images,omitempty"`
}

// containers are those that a profile gives privileges.
type containers struct {
	Containers []string `json:"containers,omitempty"`
	Proxy      string   `json:"proxy,omitempty"`
}

// images returns the values of a profile that are images and that nobody but the installer chooses: what comes from a
// mesh's own configuration is the mesh's to say.
func images(t *testing.T, profile *templates.Profile) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, rule := range profile.ValueRules {
		if rule.Is != "image" || len(profile.Sources) > 0 {
			continue
		}
		for _, path := range rule.Values {
			outer, inner, _ := strings.Cut(path, ".")
			group, _ := profile.Values[outer].(map[string]any)
			image, ok := group[inner].(string)
			if !ok {
				t.Errorf("profile %q: value %q is no image, or not of two keys as the chart takes it", profile.Name, path)
			}
			found[path] = image
		}
	}
	return found
}

// TestProfiles compares what the chart knows of profiles with the profiles. With UPDATE_GOLDEN set it writes that.
func TestProfiles(t *testing.T) {
	names, err := templates.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]known{istio.ProfileName: {Keys: istio.Keys()}}
	for _, name := range names {
		profile, err := templates.BuiltinProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = known{profile.Keys, profile.Trigger, profile.Sources, containers{profile.Redirect.Containers, profile.Redirect.Proxy}, profile.PodPolicy, images(t, profile)}
	}
	text, err := yaml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	want := "# What the chart follows of each profile. Generated from the profiles: make manifests\n" + string(text)
	golden(t, "sidecar-injector/profiles.yaml", want)
}
