package selection

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

const meshKey = "mesh.example.com/inject"

// withTrigger is the configuration of a profile with that trigger.
func withTrigger(t *testing.T, trigger templates.Trigger) *webhook.Config {
	t.Helper()
	config, err := webhook.NewConfig(&templates.Profile{
		Name: "mesh", DefaultTemplates: []string{"mesh"}, Templates: map[string]string{"mesh": "{}"}, Trigger: trigger,
		Keys: templates.Keys{Inject: meshKey, NamespaceLabel: meshKey, NamespaceLabelValue: "enabled", Status: "mesh.example.com/status"},
	}, webhook.ConfigFile{EveryPod: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// TestDefaultFollowsTheTrigger: for every place and value of a pod's word, the API server asks by the entry that is for it,
// and by no other; and what is never asked about would be skipped.
func TestDefaultFollowsTheTrigger(t *testing.T) {
	annotation := []templates.Place{templates.PlaceAnnotation}
	for name, trigger := range map[string]templates.Trigger{
		"Istio's":                   {},
		"words of an annotation":    {Pod: annotation, Inject: []string{"enabled", "ingress"}, Skip: []string{"disabled"}, Ignore: []string{""}},
		"boolean words":             {Booleans: true, HostNetwork: true},
		"labels alone":              {Pod: []templates.Place{templates.PlaceLabel}},
		"several refusals":          {Skip: []string{"no", "never"}, Ignore: []string{"", "default"}},
		"the annotation before all": {Pod: []templates.Place{templates.PlaceAnnotation, templates.PlaceLabel}},
	} {
		t.Run(name, func(t *testing.T) {
			config := withTrigger(t, trigger)
			webhooks, err := Default(config)
			if err != nil {
				t.Fatal(err)
			}
			values := []any{nil, "", "true", "false", "enabled", "ingress", "disabled", "no", "never", "default", "T", "0", "FALSE", "x"}
			for _, label := range values {
				for _, annotation := range values {
					for _, namespace := range []map[string]string{nil, {meshKey: "enabled"}} {
						for _, host := range []bool{false, true} {
							wantEntry(t, config, webhooks, namespace, label, annotation, host)
						}
					}
				}
			}
		})
	}
}

func wantEntry(t *testing.T, config *webhook.Config, webhooks *Webhooks, namespace map[string]string, label, annotation any, host bool) {
	t.Helper()
	pod := map[string]any{"metadata": map[string]any{}, "spec": map[string]any{"hostNetwork": host, "containers": []any{}}}
	for field, value := range map[string]any{"labels": label, "annotations": annotation} {
		if value != nil {
			pod["metadata"].(map[string]any)[field] = map[string]any{meshKey: value}
		}
	}
	trigger := &config.Policy().Trigger
	word := templates.Silent
	for _, place := range trigger.Places() {
		if value, set := map[templates.Place]any{templates.PlaceLabel: label, templates.PlaceAnnotation: annotation}[place].(string); set {
			word = trigger.Read(value)
			break
		}
	}
	want := webhook.ScopeEvery
	switch {
	case host && !trigger.HostNetwork && word != templates.Yes && word != templates.Unclear, word == templates.No:
		want = ""
	case namespace != nil:
		want = webhook.ScopeNamespace
	case word != templates.Silent:
		want = webhook.ScopePod
	}
	calls, err := webhooks.For(t.Context(), &metav1.ObjectMeta{Name: "shop", Labels: namespace}, pod)
	if err != nil {
		t.Fatal(err)
	}
	var got webhook.Scope
	for i := range calls {
		if calls[i].Called {
			got += calls[i].Scope
		}
	}
	if got != want {
		t.Errorf("label %s, annotation %s, namespace %v, host network %v: asked by %q, want %q", quoted(label), quoted(annotation), namespace, host, got, want)
	}
}

func quoted(value any) string {
	if value == nil {
		return "none"
	}
	return fmt.Sprintf("%q", value)
}

// TestRevisions: of several injectors exactly one is asked about each pod that is to be injected: whom the pod names, else whom
// its namespace names, else the default one.
func TestRevisions(t *testing.T) {
	injectors := map[string]*Webhooks{}
	for name, config := range map[string]string{
		"default": "{}",
		"canary":  "revision: canary",
		"v2":      "revision: v2\nrevisionTags: [stable, prod]",
	} {
		webhooks, err := Default(configFrom(t, config))
		if err != nil {
			t.Fatal(err)
		}
		injectors[name] = webhooks
	}
	owner := map[any]string{"default": "default", "canary": "canary", "v2": "v2", "stable": "v2", "prod": "v2"}
	none := any(nil)
	for _, injection := range []any{none, "enabled", "disabled"} {
		for _, namespaceNames := range []any{none, "default", "canary", "v2", "prod", "unknown"} {
			for _, podNames := range []any{none, "default", "canary", "stable", "unknown"} {
				for _, asks := range []any{none, "true", "false"} {
					names := podNames
					if names == none {
						names = namespaceNames
					}
					want := owner[names]
					if names == none && (injection == "enabled" || injection == none && asks == "true") {
						want = "default"
					}
					if injection == "disabled" || asks == "false" {
						want = ""
					}
					namespace := &metav1.ObjectMeta{Name: "shop", Labels: map[string]string{}}
					labels := map[string]any{}
					for key, value := range map[string]any{"istio-injection": injection, "istio.io/rev": namespaceNames} {
						if text, ok := value.(string); ok {
							namespace.Labels[key] = text
						}
					}
					for key, value := range map[string]any{"sidecar.istio.io/inject": asks, "istio.io/rev": podNames} {
						if value != none {
							labels[key] = value
						}
					}
					got := ""
					for name, webhooks := range injectors {
						calls, err := webhooks.For(t.Context(), namespace, map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{}})
						if err != nil {
							t.Fatal(err)
						}
						for i := range calls {
							if calls[i].Called {
								got += name
							}
						}
					}
					if got != want {
						t.Errorf("namespace %v, pod %v: asked %q, want %q", namespace.Labels, labels, got, want)
					}
				}
			}
		}
	}
}
