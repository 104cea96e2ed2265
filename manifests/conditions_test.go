package manifests_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// rendered is the webhook configuration that the chart renders with these values.
func rendered(t *testing.T, values map[string]any) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	tools, err := filepath.Abs("../tools/helm/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var problem bytes.Buffer
	helm := exec.Command("go", "tool", "-modfile="+tools, "helm", "template", "sidecar-injector", "sidecar-injector", "--namespace", "sidecar-injector", "-f", file, "--show-only", "templates/webhook.yaml")
	helm.Stderr = &problem
	out, err := helm.Output()
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, &problem)
	}
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := yaml.UnmarshalStrict(out, configuration); err != nil {
		t.Fatal(err)
	}
	return configuration
}

// TestWebhooksFollowTheProfile: the chart's entries select and ask in the words of a profile's trigger and by the injector's
// names, and the program has the same entries where no cluster is asked.
func TestWebhooksFollowTheProfile(t *testing.T) {
	label, annotation := []templates.Place{templates.PlaceLabel}, []templates.Place{templates.PlaceAnnotation}
	for name, c := range map[string]struct {
		trigger  templates.Trigger
		revision string // the key
		config   webhook.ConfigFile
	}{
		"Istio's":                   {templates.Trigger{}, "istio.io/rev", webhook.ConfigFile{}},
		"another label":             {templates.Trigger{}, "istio.io/rev", webhook.ConfigFile{NamespaceLabel: "example.com/mesh=on"}},
		"words of an annotation":    {templates.Trigger{Pod: annotation, Inject: []string{"enabled", "ingress"}, Skip: []string{"disabled"}, Ignore: []string{""}, NamespaceAnnotation: "mesh.example.com/inject"}, "", webhook.ConfigFile{EveryPod: true}},
		"boolean words for all":     {templates.Trigger{Pod: annotation, Booleans: true, HostNetwork: true}, "", webhook.ConfigFile{EveryPod: true, Default: "inject"}},
		"labels alone":              {templates.Trigger{Pod: label}, "mesh.example.com/rev", webhook.ConfigFile{Revision: "canary"}},
		"several refusals":          {templates.Trigger{Skip: []string{"no", "never"}, Ignore: []string{"", "default"}}, "", webhook.ConfigFile{EveryPod: true}},
		"the annotation before all": {templates.Trigger{Pod: []templates.Place{templates.PlaceAnnotation, templates.PlaceLabel}}, "istio.io/rev", webhook.ConfigFile{Revision: "v2", RevisionTags: []string{"default", "prod"}, EveryPod: true}},
	} {
		t.Run(name, func(t *testing.T) {
			profile := &templates.Profile{Name: "mesh", DefaultTemplates: []string{"mesh"}, Templates: map[string]string{"mesh": "{}"}, Trigger: c.trigger, Keys: templates.Keys{
				Inject: "mesh.example.com/inject", NamespaceLabel: "mesh.example.com/inject", NamespaceLabelValue: "enabled", Status: "mesh.example.com/status", Revision: c.revision}}
			config, err := webhook.NewConfig(profile, c.config, nil)
			if err != nil {
				t.Fatal(err)
			}
			want, err := selection.DefaultConfiguration(config)
			if err != nil {
				t.Fatal(err)
			}
			text, err := yaml.Marshal(profile)
			if err != nil {
				t.Fatal(err)
			}
			got := rendered(t, map[string]any{"profile": map[string]any{"profile.yaml": string(text)}, "config": c.config})
			if diff := cmp.Diff(want.Webhooks, got.Webhooks); diff != "" {
				t.Errorf("entries (-program +chart):\n%s", diff)
			}
		})
	}
}
