package templates

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// meshFiles are a profile that takes values from two ConfigMaps of its mesh.
var meshFiles = map[string]string{
	"profile.yaml": `name: mesh
defaultTemplates: [mesh]
keys: {inject: mesh.example.com/inject, namespaceLabel: mesh.example.com/inject, namespaceLabelValue: enabled, status: mesh.example.com/status}
openValues: [proxy.resources]
sources:
  - {configMap: mesh-config, namespace: mesh-system, key: values, loose: true}
  - {configMap: mesh-roots, namespace: mesh-system, key: ca.crt, form: text, into: roots, optional: true}
`,
	"values.yaml":         "roots: none\nproxy: {port: 4143, image: a, resources: {}}\n",
	"templates/mesh.yaml": "spec: {containers: [{name: proxy, image: '{{ .Values.proxy.image }}'}]}",
}

func TestParseProfile(t *testing.T) {
	with := func(name, text string) map[string]string {
		files := maps.Clone(meshFiles)
		if files[name] = text; text == "" {
			delete(files, name)
		}
		return files
	}
	const keys = "keys: {inject: a/b, namespaceLabel: a/b, namespaceLabelValue: c, status: a/s}\n"
	for sentence, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a profile":                        {meshFiles, "<nil>"},
		"as the keys of a ConfigMap":       {map[string]string{"profile.yaml": meshFiles["profile.yaml"], "mesh.yaml": "{}"}, "<nil>"},
		"without values":                   {with("values.yaml", ""), "<nil>"},
		"without a description":            {with("profile.yaml", ""), "there is no profile.yaml, which describes a profile"},
		"an unknown field":                 {with("profile.yaml", "name: a\nkees: {}"), `profile.yaml: line 2: unknown field "kees" (did you mean "keys"?), want one of name, defaultTemplates, …`},
		"a file of another kind":           {with("README.md", "x"), `"README.md" is no file of a profile, want profile.yaml, values.yaml and templates as NAME.yaml`},
		"values that are a list":           {with("values.yaml", "- a"), "values.yaml: is a list, want an object"},
		"no name":                          {with("profile.yaml", keys+"defaultTemplates: [a]"), "profile.yaml: name is empty, want the profile's name"},
		"no status key":                    {with("profile.yaml", "name: a\ndefaultTemplates: [a]\nkeys: {inject: a, namespaceLabel: a, namespaceLabelValue: c}"), "profile.yaml: keys.status is empty, want …"},
		"a status key that is none":        {with("profile.yaml", "name: a\ndefaultTemplates: [a]\nkeys: {inject: a, namespaceLabel: a, namespaceLabelValue: c, status: '/x'}"), `profile.yaml: keys.status: "/x" is not allowed: …`},
		"no default templates":             {with("profile.yaml", "name: a\n"+keys), "profile.yaml: defaultTemplates is empty, want …"},
		"an unknown place of the trigger":  {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"trigger: {pod: [field]}"), `profile.yaml: trigger.pod[0]: "field" is not allowed, want label and annotation, each at most once`},
		"a word that injects and skips":    {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"trigger: {inject: [x], skip: [x]}"), `profile.yaml: trigger.inject and trigger.skip have both "x"`},
		"a word that would break out":      {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"trigger: {skip: [\"' || true\"]}"), `profile.yaml: trigger: the value "' || true" is not allowed, want letters, …`},
		"what an invalid value cannot do":  {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"trigger: {invalid: ignore}"), `profile.yaml: trigger.invalid: "ignore" is not allowed, want namespace, skip or refuse`},
		"boolean words and others":         {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"trigger: {booleans: true, skip: [x]}"), "profile.yaml: trigger.booleans is set beside inject or skip, want either"},
		"a source with no key":             {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"sources: [{configMap: a, namespace: b}]"), "profile.yaml: sources[0]: configMap, namespace or key is empty, want all three"},
		"a source of an unknown form":      {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"sources: [{configMap: a, namespace: b, key: c, form: toml}]"), `profile.yaml: sources[0]: form "toml" is not allowed, want yaml or text`},
		"a text that becomes no one value": {with("profile.yaml", "name: a\ndefaultTemplates: [a]\n"+keys+"sources: [{configMap: a, namespace: b, key: c, form: text}]"), "profile.yaml: sources[0]: into is empty, want the value that the text becomes"},
	} {
		_, err := ParseProfile(test.files)
		if got := fmt.Sprint(err); !matches(test.want, got) {
			t.Errorf("%s: error\n got %s\nwant %s", sentence, got, test.want)
		}
	}
}

// matches compares a text with one in which "…" stands for all that follows.
func matches(want, got string) bool {
	for i, r := range want {
		if r == '…' {
			return len(got) >= i && got[:i] == want[:i]
		}
	}
	return want == got
}

func TestWithSources(t *testing.T) {
	profile, err := ParseProfile(meshFiles)
	if err != nil {
		t.Fatal(err)
	}
	type data = map[string]map[string]string
	for sentence, test := range map[string]struct {
		found data
		want  map[string]any
		err   string
	}{
		"nothing is known": {nil, map[string]any{"roots": "none", "proxy": map[string]any{"port": int64(4143), "image": "a", "resources": map[string]any{}}}, ""},
		"both, with what is no value of ours, and null": {
			data{"mesh-config": {"values": "webhook: {a: b}\nproxy: {image: null, port: 1, more: x, resources: {limits: {cpu: 1}}}"}, "mesh-roots": {"ca.crt": "PEM\n"}},
			map[string]any{"roots": "PEM\n", "proxy": map[string]any{"port": int64(1), "image": "a", "resources": map[string]any{"limits": map[string]any{"cpu": int64(1)}}}}, ""},
		"JSON is YAML too":           {data{"mesh-config": {"values": `{"roots": "x"}`}}, map[string]any{"roots": "x", "proxy": profile.Values["proxy"]}, ""},
		"an optional key":            {data{"mesh-roots": {}}, profile.Values, ""},
		"a key that is missing":      {data{"mesh-config": {"value": ""}}, nil, `ConfigMap "mesh-config": it has no key "values"`},
		"a value of another type":    {data{"mesh-config": {"values": "proxy: {port: http}"}}, nil, `ConfigMap "mesh-config", key "values": value "proxy.port" is a string, want an integer`},
		"what is no YAML":            {data{"mesh-config": {"values": "a: ["}}, nil, `ConfigMap "mesh-config", key "values": …`},
		"what is no object":          {data{"mesh-config": {"values": "- a"}}, nil, `ConfigMap "mesh-config", key "values": …`},
		"a ConfigMap of no interest": {data{"other": {}}, nil, `ConfigMap "other": the profile "mesh" takes no values from it, but from mesh-config and mesh-roots`},
	} {
		with, err := profile.WithSources(test.found)
		if err != nil || test.err != "" {
			if got := fmt.Sprint(err); !matches(test.err, got) {
				t.Errorf("%s: error\n got %s\nwant %s", sentence, got, test.err)
			}
			continue
		}
		if diff := cmp.Diff(test.want, with.Values); diff != "" {
			t.Errorf("%s: values (-want +got):\n%s", sentence, diff)
		}
	}
}
