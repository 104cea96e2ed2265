package configuration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// write writes a file for a case and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSet: values of flags are laid over those of the configuration.
func TestSet(t *testing.T) {
	cases := map[string]struct {
		values string
		set    []string
		want   string
	}{
		"one over nothing":  {"", []string{"proxy.logLevel=debug"}, "proxy: {logLevel: debug}"},
		"one beside others": {"proxy: {uid: 5, logLevel: info}", []string{"proxy.logLevel=debug"}, "proxy: {uid: 5, logLevel: debug}"},
		"the later wins":    {"", []string{"a=1", "a=2"}, "a: 2"},
		"a value in YAML":   {"", []string{"a=[1, b]", "b={c: true}", `d="7"`}, "{a: [1, b], b: {c: true}, d: '7'}"},
		"null stays, and takes the profile's value away": {"a: 1\nb: 2", []string{"a="}, "{a: null, b: 2}"},
		"an equals sign in the value":                    {"", []string{"a=b=c"}, "a: b=c"},
		"a dot in a key":                                 {"", []string{`limits.nvidia\.com/gpu=1`}, "limits: {nvidia.com/gpu: 1}"},
		"an object over something else":                  {"a: 1", []string{"a.b=2"}, "a: {b: 2}"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			in := &Inputs{Values: []byte(c.values)}
			if err := (&Overrides{Set: c.set}).set(in); err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := yaml.Unmarshal(in.Values, &got); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTemplates: which templates are applied, and with which text, when files are laid over a configuration.
func TestTemplates(t *testing.T) {
	const good, broken = "metadata: {labels: {a: b}}", "{{ nope }}"
	cases := map[string]struct {
		config string
		file   string
		text   string
		want   []string // the default templates
	}{
		"in place of the built-in one":               {"", "envoy.yaml", good, []string{"envoy"}},
		"after the default ones":                     {"", "team.yaml", good, []string{"envoy", "team"}},
		"after those that the configuration chooses": {"templates: {other: 'metadata: {}'}\ndefaultTemplates: [other]", "team.yaml", good, []string{"other", "team"}},
		"in place of one that is no default":         {"templates: {other: ''}", "other.yaml", good, []string{"envoy"}},
		"named as a default already":                 {"defaultTemplates: [team, envoy]", "team.yaml", good, []string{"team", "envoy"}},
		"in place of a default that does not load":   {"templates: {envoy: '" + broken + "'}", "envoy.yaml", good, []string{"envoy"}},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			in := &Inputs{Config: []byte(c.config)}
			config, err := (&Overrides{Templates: []string{write(t, c.file, c.text)}}).Apply(in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := config.Engine().TemplatesOf(nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("default templates (-want +got):\n%s", diff)
			}
			if text := config.Engine().Texts()[TemplateName(c.file)]; text != c.text {
				t.Errorf("the template is %q, want %q", text, c.text)
			}
			if string(in.Config) != c.config {
				t.Errorf("the inputs were changed: %s", in.Config)
			}
		})
	}
}

// TestOverrideErrors: what is wrong with a flag names the flag.
func TestOverrideErrors(t *testing.T) {
	cases := map[string]struct {
		over Overrides
		want string
	}{
		"no equals sign":      {Overrides{Set: []string{"proxy"}}, `--set "proxy": want key=value, such as proxy.logLevel=debug`},
		"no key":              {Overrides{Set: []string{"=x"}}, `--set "=x": want key=value, such as proxy.logLevel=debug`},
		"an empty key":        {Overrides{Set: []string{"a..b=x"}}, `--set "a..b=x": a key between the dots is empty`},
		"a value that is bad": {Overrides{Set: []string{"a=[x"}}, `--set "a=[x": the value is no YAML: line 1: did not find expected ',' or ']'`},
		"no such template":    {Overrides{Templates: []string{"missing.yaml"}}, `read --template "missing.yaml": no such file or directory`},
		"an unknown value":    {Overrides{Set: []string{"proxy.logLvel=x"}}, `parse values.yaml and --set: values: value "proxy.logLvel" is not known (did you mean "logLevel"?): allowed here are concurrency, drainSeconds, gid, holdApplication, image, imagePullPolicy, ipv6, logLevel, readinessProbe, resources, startupProbe, uid`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			directory := filepath.Dir(write(t, "values.yaml", "proxy: {logLevel: info}"))
			t.Chdir(directory)
			_, err := (&Files{Values: "values.yaml"}).Load(t.Context(), c.over)
			if err == nil || err.Error() != c.want {
				t.Errorf("error\n got  %v\n want %s", err, c.want)
			}
		})
	}
}
