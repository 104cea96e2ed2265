package manifests

import (
	"os"
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
}

// containers are those that a profile gives privileges.
type containers struct {
	Containers []string `json:"containers,omitempty"`
	Proxy      string   `json:"proxy,omitempty"`
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
		all[name] = known{profile.Keys, profile.Trigger, profile.Sources, containers{profile.Redirect.Containers, profile.Redirect.Proxy}, profile.PodPolicy}
	}
	const file = "sidecar-injector/profiles.yaml"
	text, err := yaml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	want := "# What the webhook's entries follow of each profile. Generated from the profiles: make manifests\n" + string(text)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is stale: run make manifests, and commit it (%v)", file, err)
	}
}
