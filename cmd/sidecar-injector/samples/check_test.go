package samples

import (
	"fmt"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// TestCheck shows which templates are refused when they are loaded, and that what some pods alone cannot have is not.
func TestCheck(t *testing.T) {
	for name, test := range map[string]struct{ template, want string }{
		"a template that works": {`spec: {containers: [{name: x, image: {{ .Values.image }}}]}`, "<nil>"},
		"a value in an anchor": {"spec:\n  containers:\n  - &{{ .Values.image }} {name: x, image: x}",
			`config: a minimal pod cannot be injected: template "t" line 3: the output is not valid YAML: did not find expected alphabetic or numeric character`},
		"a value in a tag": {"spec:\n  containers:\n  - {name: x, image: !{{ .Values.image }} x}",
			`config: a minimal pod cannot be injected: template "t" line 3: the output is not valid YAML: did not find expected whitespace or line break`},
		"an image with no name": {`spec: {containers: [{name: x, image: ""}]}`,
			`config: a minimal pod cannot be injected: template "t": container "x": image: "" is not an image: want a name, with no space around it`},
		"a value in an anchor, for some pods": {"spec:\n  containers:\n  - {name: x, image: x}\n{{ if .Spec.InitContainers }}  - &{{ .Values.image }} {name: y, image: y}{{ end }}",
			`config: a pod with init containers, one of them native cannot be injected: template "t" line 4: the output is not valid YAML: did not find expected alphabetic or numeric character`},
		"an image that no sample has": {`spec: {containers: [{name: x, image: {{ index .Spec.NodeSelector "image" }}}]}`,
			`config: a minimal pod cannot be injected: template "t": container "x": image: "" is not an image: want a name, with no space around it`},
		"a user that the samples without labels lack": {`spec: {containers: [{name: x, image: img, securityContext: {runAsUser: {{ len (index .ObjectMeta.Labels "app") }}}}]}`, "<nil>"},
		"a change of a container that no sample has":  {"spec:\n  containers:\n  - {name: app, $patch: merge, env: [{name: A, value: b}]}\n  - {name: x, image: img}", "<nil>"},
		"what some pods have":                         {`spec: {containers: [{name: x, image: {{ (index .Spec.InitContainers 0).Image }}}]}`, "<nil>"},
		"a template that talks of fail": {`spec: {containers: [{name: x, image: {{ index .Spec.NodeSelector "image" }}, workingDir: "error calling fail:"}]}`,
			`config: a minimal pod cannot be injected: template "t": container "x": image: "" is not an image: want a name, with no space around it`},
		"another function whose error talks of fail": {`{{ fromJson "error calling fail:" | toYaml }}{{ mustRegexMatch "error calling fail:(" "x" }}`,
			"config: a minimal pod cannot be injected: template \"t\" line 1 {{mustRegexMatch \"error calling fail:(\" \"x\"}}: error calling mustRegexMatch: error parsing regexp: missing closing ): `error calling fail:(`"},
		"a range without end, for one sample alone": {"{{ if .Spec.InitContainers }}\n{{ range 1000000000 }}{{ end }}{{ end }}",
			`config: a pod with init containers, one of them native cannot be injected: template "t" line 2 {{range 1000000000}}: the template takes too many steps: does a range have an end?`},
		"an annotation that is asked": {`{{ if not (index .ObjectMeta.Annotations "team") }}{{ fail "name your team" }}{{ end }}`, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			engine, err := templates.New(templates.Options{
				Profile: &templates.Profile{
					Values: map[string]any{"image": "proxy"}, DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": test.template},
					Keys: templates.Keys{Status: "example.com/status", Templates: "example.com/templates"},
				},
				Aliases: map[string][]string{"same": {"t"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(Check(engine)); got != test.want {
				t.Errorf("error\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

// BenchmarkCheck shows what loading the built-in profile costs more.
func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		engine, err := templates.New(templates.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := Check(engine); err != nil {
			b.Fatal(err)
		}
	}
}
