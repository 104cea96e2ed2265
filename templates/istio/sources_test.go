package istio

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestLoad(t *testing.T) {
	const template = "templates: {sidecar: ''}\n"
	for name, test := range map[string]struct {
		sources Sources
		want    string
	}{
		"no configuration":              {Sources{}, `config: "templates" is empty: this is no configuration of Istio 1.10 or later`},
		"no YAML":                       {Sources{Config: []byte("{")}, "config: line 1: did not find expected node content"},
		"no object":                     {Sources{Config: []byte("[]")}, "config: got a list, want an object"},
		"no policy":                     {Sources{Config: []byte(template)}, `config: policy "" is not allowed, want enabled or disabled`},
		"a selector of a wrong type":    {Sources{Config: []byte(template + "policy: enabled\nneverInjectSelector: [x]")}, "config: line 3: neverInjectSelector: got a string, want an object"},
		"a value of a wrong type":       {Sources{Config: []byte(template + "policy: enabled"), Values: []byte("global: {hub: 1}")}, "values: line 1: global.hub: got a number, want a string"},
		"values that are no object":     {Sources{Config: []byte(template + "policy: enabled"), Values: []byte("[]")}, "values: got a list, want an object"},
		"fields that nobody knows":      {Sources{Config: []byte(template + "policy: enabled\nfuture: {a: 1}\ntemplate: '{{ x }}'"), Values: []byte("future: 1")}, ""},
		"a tag that YAML made a number": {Sources{Config: []byte(template + "policy: enabled"), Values: []byte("global: {tag: 1.2}")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(test.sources)
			if err == nil && test.want != "" || err != nil && err.Error() != test.want {
				t.Errorf("error\n got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestLoadGivesThePolicy(t *testing.T) {
	installation, err := Load(Sources{Config: []byte(`
policy: disabled
defaultTemplates: [a, b]
aliases: {c: [a]}
templates: {a: "", b: ""}
neverInjectSelector: [{}, {matchLabels: {x: z}}]
`)})
	if err != nil {
		t.Fatal(err)
	}
	if installation.Policy != "disabled" || installation.AlwaysInject != nil {
		t.Errorf("policy %q, alwaysInject %v", installation.Policy, installation.AlwaysInject)
	}
	want := []metav1.LabelSelector{{MatchLabels: map[string]string{"x": "z"}}}
	if diff := cmp.Diff(want, installation.NeverInject); diff != "" {
		t.Errorf("neverInject, of which an empty one selects nothing (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "b"}, installation.Profile.DefaultTemplates); diff != "" {
		t.Errorf("default templates (-want +got):\n%s", diff)
	}
}

func TestDecodeProxyConfig(t *testing.T) {
	got, err := DecodeProxyConfig(map[string]any{
		"metadata": map[string]any{"name": "a", "namespace": "b"},
		"spec":     map[string]any{"concurrency": int64(3), "future": "x", "selector": map[string]any{"matchLabels": map[string]any{"c": "d"}}},
	})
	if err != nil || got.Name != "a" || got.Namespace != "b" || got.Spec.GetConcurrency().GetValue() != 3 || got.Spec.GetSelector().GetMatchLabels()["c"] != "d" {
		t.Errorf("got %v (%v)", got, err)
	}
	if _, err := DecodeProxyConfig(map[string]any{"metadata": map[string]any{"name": "a", "namespace": "b"}, "spec": map[string]any{"concurrency": "x"}}); err == nil ||
		err.Error() != `decode ProxyConfig "a" of namespace "b": invalid value for int32 field value: "x"` {
		t.Errorf("got %v", err)
	}
}
