package manifests

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// rendered is the webhook configuration that the chart renders with these values, by its entries' names.
func rendered(t *testing.T, values map[string]any) map[string]admissionregistrationv1.MutatingWebhook {
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
	helm := exec.Command("go", "tool", "-modfile="+tools, "helm", "template", "mesh", "sidecar-injector", "--namespace", "mesh", "-f", file, "--show-only", "templates/webhook.yaml")
	helm.Stderr = &problem
	out, err := helm.Output()
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, &problem)
	}
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	if err := yaml.UnmarshalStrict(out, &configuration); err != nil {
		t.Fatal(err)
	}
	entries := map[string]admissionregistrationv1.MutatingWebhook{}
	for _, entry := range configuration.Webhooks {
		entries[entry.Name] = entry
	}
	return entries
}

// TestConditions: the chart's entries ask in the words of a profile's trigger, those that the program knows offline too.
func TestConditions(t *testing.T) {
	both, label, annotation := []templates.Place(nil), []templates.Place{templates.PlaceLabel}, []templates.Place{templates.PlaceAnnotation}
	for name, trigger := range map[string]templates.Trigger{
		"Istio's":                   {},
		"words of an annotation":    {Pod: annotation, Inject: []string{"enabled", "ingress"}, Skip: []string{"disabled"}, Ignore: []string{""}, NamespaceAnnotation: "mesh.example.com/inject"},
		"boolean words":             {Pod: annotation, Booleans: true, HostNetwork: true},
		"labels alone":              {Pod: label},
		"several refusals":          {Pod: both, Skip: []string{"no", "never"}, Ignore: []string{"", "default"}},
		"the annotation before all": {Pod: []templates.Place{templates.PlaceAnnotation, templates.PlaceLabel}},
	} {
		t.Run(name, func(t *testing.T) {
			profile := templates.Profile{Name: "mesh", DefaultTemplates: []string{"mesh"}, Trigger: trigger, Keys: templates.Keys{
				Inject: "mesh.example.com/inject", NamespaceLabel: "mesh.example.com/inject", NamespaceLabelValue: "enabled", Status: "mesh.example.com/status"}}
			text, err := yaml.Marshal(profile)
			if err != nil {
				t.Fatal(err)
			}
			entries := rendered(t, map[string]any{"profile": map[string]any{"profile.yaml": string(text)}, "config": map[string]any{"everyPod": true}})
			names := []string{"every.sidecar-injector.github.io", "namespace.sidecar-injector.github.io", "pod.sidecar-injector.github.io"}
			if diff := cmp.Diff(names, slices.Sorted(maps.Keys(entries))); diff != "" {
				t.Fatalf("entries (-want +got):\n%s", diff)
			}
			words := trigger.Conditions(profile.Keys.Inject)
			for i, want := range []string{words.Silent, words.NotOptedOut, words.Asks} {
				entry := entries[names[i]]
				if diff := cmp.Diff(want, entry.MatchConditions[0].Expression); diff != "" {
					t.Errorf("%s (-program +chart):\n%s", entry.Name, diff)
				}
				last := entry.MatchConditions[len(entry.MatchConditions)-1]
				if byHost := last.Name == "no-host-network-unless-asked"; byHost == trigger.HostNetwork {
					t.Errorf("%s: the last condition is %s", entry.Name, last.Name)
				}
			}
			if *entries[names[0]].FailurePolicy != admissionregistrationv1.Ignore || *entries[names[1]].FailurePolicy != admissionregistrationv1.Fail {
				t.Error("the entry for every pod does not ignore failures, or another does")
			}
		})
	}
}
