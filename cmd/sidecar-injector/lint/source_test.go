package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
)

// TestPlaces: a template's error is shown where it stands in the file, however the template is written there.
func TestPlaces(t *testing.T) {
	const istio = `
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: istio-sidecar-injector}
  data:
    values: |-
      {"global": {"hub": "x"}}
    config: |-
      # Istio's own
      policy: enabled
      templates:
        sidecar: |
          spec:
            # {{ nope }}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: istio}
  data: {mesh: ""}
`
	cases := map[string]struct {
		config string // the file of the configuration
		istio  string // or that of exported ConfigMaps
		want   string // line:column
	}{
		"in a literal scalar":                 {"templates:\n  envoy: |\n    spec:\n      # {{ nope }}\n", "", "4:12"},
		"that keeps the last line breaks":     {"templates:\n  envoy: |+\n    spec:\n      # {{ nope }}\n\n", "", "4:12"},
		"with an indicator of indentation":    {"templates:\n  envoy: |2\n      # {{ nope }}\n    spec:\n", "", "3:12"},
		"that begins with empty lines":        {"templates:\n  envoy: |\n\n\n    # {{ nope }}\n", "", "5:10"},
		"that begins on a line of its own":    {"templates:\n  envoy:\n    |\n    # {{ nope }}\n", "", "4:10"},
		"behind tabs and longer letters":      {"templates:\n  envoy: |\n    # ä☃\t𝄞 {{ nope }}\n", "", "3:15"},
		"with line ends of Windows":           {"policy: enabled\r\ntemplates:\r\n  envoy: |\r\n    spec:\r\n      # {{ nope }}\r\n", "", "5:12"},
		"behind a mark of documents":          {"# first\n---\ntemplates:\n  envoy: |\n    # {{ nope }}\n", "", "5:10"},
		"in quotes":                           {"templates:\n  envoy: \"# {{ nope }}\"\n", "", "2:16"},
		"in quotes with escapes":              {"templates:\n  envoy: \"# \\t {{ nope }}\"\n", "", "2:10"},
		"in a plain scalar":                   {"templates: {envoy: 'a: {{ nope }}'}\n", "", "1:27"},
		"in a folded scalar":                  {"templates:\n  envoy: >\n    spec:\n\n    # {{ nope }}\n", "", "2:10"},
		"in a ConfigMap, two scalars deep":    {"", "apiVersion: v1\nkind: List\nitems:" + istio, "16:18"},
		"in the second of several documents":  {"", "# a\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\napiVersion: v1\nkind: List\nitems:" + istio, "21:18"},
		"in an alias's template, which loads": {"templates:\n  other: |\n    # {{ nope }}\naliases: {both: [envoy, other]}\n", "", "3:10"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var sources Sources
			if c.istio != "" {
				sources.Files.InjectConfig = filepath.Dir(write(t, "maps.yaml", c.istio))
			} else {
				sources.Files.Config = write(t, "config.yaml", c.config)
			}
			findings, err := Run(t.Context(), sources)
			if err != nil {
				t.Fatal(err)
			}
			if len(findings) == 0 {
				t.Fatal("nothing found")
			}
			first := findings[0]
			if got := fmt.Sprintf("%d:%d", first.Line, first.Column); got != c.want || first.Message != `function "nope" not defined` || filepath.Ext(first.File) != ".yaml" {
				t.Errorf("found %+v, want the place %s", first, c.want)
			}
		})
	}
}

// TestSeveral: everything that is wrong is told of at once.
func TestSeveral(t *testing.T) {
	directory := t.TempDir()
	t.Chdir(directory)
	for name, text := range map[string]string{
		"config.yaml": `onErorr: deny
policy: perhaps
neverInjectSelector:
- matchLabel: {a: b}
templates:
  one: |
    {{ prime }} {{ second }}
  two: |
    {{ third }}
defaultTemplates: [one, two]
aliases:
  all: [one, none]
`,
		"values.yaml": "proxy:\n  logLvl: debug\n  uid: many\nx: y\n",
		"team.yaml":   "{{ fourth }}\n",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := Run(t.Context(), Sources{
		Files: configuration.Files{Config: "config.yaml", Values: "values.yaml"},
		Over:  configuration.Overrides{Templates: []string{"team.yaml"}, Set: []string{"proxy.imge=x", "proxy.gid=many"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, finding := range findings {
		message, _, _ := strings.Cut(finding.Message, ", want one of")
		message, _, _ = strings.Cut(message, ": allowed here are")
		got = append(got, fmt.Sprintf("%s: %s", finding.place(), message))
	}
	want := `: --set proxy.gid=many: value "proxy.gid" is a string, want an integer
: --set proxy.imge=x: value "proxy.imge" is not known (did you mean "image"?)
config.yaml:1:1: unknown field "onErorr" (did you mean "onError"?)
config.yaml:2:1: policy "perhaps" is not allowed
config.yaml:4:3: unknown field "neverInjectSelector[0].matchLabel" (did you mean "matchLabels"?)
config.yaml:7:8: function "prime" not defined
config.yaml:7:20: function "second" not defined (did you mean "seconds"?)
config.yaml:9:8: function "third" not defined
config.yaml:12:3: aliases.all: template "none" does not exist: there are all, envoy, one, two
team.yaml:1:4: function "fourth" not defined
values.yaml:2:3: value "proxy.logLvl" is not known (did you mean "logLevel"?)
values.yaml:3:3: value "proxy.uid" is a string, want an integer
values.yaml:4:1: value "x" is not known`
	if strings.Join(got, "\n") != want {
		t.Errorf("found:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
	}
}
