package yamlescape_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/yamlescape"
)

func TestEscapeFails(t *testing.T) {
	tests := map[string]struct {
		text, action string
		line         int
		reason       string // a part of it
	}{
		"in quotes on one path only":            {"a: {{if .yes}}\"{{end}}\n  {{.v}}", "{{.v}}", 2, "different escapes"},
		"in a comment on one path only":         {"a: {{if .yes}}x # {{end}}\n{{if .yes}}# {{end}}{{.v}}", "{{.v}}", 2, "a comment"},
		"in a block scalar on one path only":    {"a: {{if .yes}}|\n    x{{end}}\n    {{.v}}", "{{.v}}", 3, "a block scalar"},
		"in block scalars of two indentations":  {"a: |\n{{if .yes}} x\n{{else}}  x\n{{end}}  {{.v}}", "{{.v}}", 4, "1 and 2"},
		"in quotes that a loop opens":           {"a: {{range .twice}}\"x{{.v}}{{end}}", "{{.v}}", 1, "different escapes"},
		"in quotes that a loop left open":       {"{{range .twice}}\"{{break}}\"{{end}}{{.v}}", "{{.v}}", 1, "different escapes"},
		"in quotes that a template left open":   {`{{define "q"}}{{if .yes}}"{{end}}{{end}}a: {{template "q" .}}{{.v}}`, "{{.v}}", 1, "different escapes"},
		"in a template called from two places":  {"{{define \"v\"}}{{.v}}{{end}}\na: \"{{template \"v\" .}}\"\nb: {{template \"v\" .}}", "{{.v}}", 1, "different escapes"},
		"a key on one path only":                {"{{.v}}{{if .yes}}: x{{end}}", "{{.v}}", 1, "is a key on one path"},
		"an anchor":                             {"a: &{{.v}} x", "{{.v}}", 1, "no place for a value"},
		"an alias":                              {"a: *x{{.v}}", "{{.v}}", 1, "no place for a value"},
		"a tag":                                 {"a: !{{.v}} x", "{{.v}}", 1, "no place for a value"},
		"a directive":                           {"%YAML {{.v}}\n---\n", "{{.v}}", 1, "no place for a value"},
		"an escape":                             {`a: "\{{.v}}"`, "{{.v}}", 1, "no place for a value"},
		"the header of a block scalar":          {"a: |{{.v}}\n  x", "{{.v}}", 1, "no place for a value"},
		"the bound of a document":               {"--{{.v}}", "{{.v}}", 1, "no place for a value"},
		"in flow collections without end":       {"{{range .twice}}[{{end}}{{.v}}", "{{.v}}", 1, "without an end"},
		"in a block scalar without beginning":   {"a: |\n{{range .twice}} {{end}}{{.v}}", "{{.v}}", 2, "without an end"},
		"lines of YAML with text behind":        {"a:{{toYaml .v | nindent 2}}x", "{{toYaml .v | nindent 2}}", 1, "text follows"},
		"an error in a template that is called": {"{{define \"a\"}}\n\n&{{.v}}{{end}}{{template \"a\" .}}", "{{.v}}", 3, "no place for a value"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			parsed := parse(t, test.text)
			before := parsed.Root.String()
			err := yamlescape.Escape(parsed)
			undecidable, ok := errors.AsType[*yamlescape.Error](err)
			if !ok {
				t.Fatalf("got %v, want an Error", err)
			}
			want := &yamlescape.Error{Template: "test", Line: test.line, Action: test.action, Reason: undecidable.Reason}
			if diff := cmp.Diff(want, undecidable); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if !strings.Contains(undecidable.Reason, test.reason) {
				t.Errorf("reason %q, want %q in it", undecidable.Reason, test.reason)
			}
			if after := parsed.Root.String(); after != before {
				t.Errorf("the template was changed to %q", after)
			}
		})
	}
}

// Templates as they are written, each with a harmless value: escaped and as they are, they mean the same.
func TestEscapedTemplatesMeanTheSame(t *testing.T) {
	tests := map[string]string{
		"branches that end in different states": "a:\n- b: \"x\"\n  {{if .yes}}restart: Always{{end}}\n  c: {{.v}}",
		"a value in a branch":                   "a: {{if .yes}} \"1\" {{else}} {{.v | default \"1\"}} {{end}}\nb: {{if .no}} 1 {{else}} {{.v}} {{end}}",
		"a branch that no input takes":          "{{if .no}}\na: []\n{{else -}}\na:\n{{end}}- name: {{.v}}\n- x",
		"a value put together in branches":      "a: x{{- if .yes}}-{{.v}}{{- end}}.{{.v}}.svc:15012",
		"a value with an optional beginning":    "a: {{if .yes}}{{.v}}/{{end}}{{.v}}",
		"a value with an optional end":          "a: {{.v}}{{if .yes}}:{{.v}}{{end}}",
		"a flow mapping over lines":             "a: {\n  x.io/y: {{.v | quote}},\n  {{- if .yes}}\n  z: \"{{.v}}\",\n  {{- end}}\n  w: '{{.v}}',\n  {{with .v}}q: \"{{.}}\",{{end}}\n}",
		"JSON in a block scalar":                "a: |-\n    [\n    {{- range $i, $x := .twice}}\n      {{if $i}},{{end}}{{toJson $.v}}\n    {{- end}}\n    ]\nb: {{.v}}",
		"JSON that begins a block scalar":       "a: |\n       {{toJson (dict \"x\" .v)}}\nb: {{.v}}",
		"numbers and booleans":                  "a: {{.number}}\nb: {{.yes}}\nc: {{.float}}\nd: {{.text}}\ne: {{print .number}}\nf: [{{.number}}, {{.large}}]",
		"numbers as strings":                    "a: \"{{.number}}\"\nb: {{.number | quote}}\nc: x{{.number}}",
		"what is not there":                     "a: {{.none}}\nb: \"{{.none}}\"",
		"YAML below a key":                      "a:\n  {{- toYaml .map | nindent 2}}\nb: 1",
		"YAML below a key, first line indented": "a:\n{{toYaml .map | indent 2}}\nb: 1",
		"YAML among keys":                       "a:\n  x: {{.v}}\n  {{- toYaml .map | nindent 2}}\n  {{- toYaml .more | nindent 2}}\n  y: 1",
		"YAML behind a quoted key":              "- name: \"{{.v}}\"\n  {{trim (indent 2 (toYaml .map))}}\n- x",
		"JSON below a key":                      "a:\n  {{- toJson .map | nindent 2}}\nb: {{toJson .map}}\nc: {{toJson .twice}}",
		"a list":                                "a:\n{{- range .twice}}\n- name: {{.}}\n  b: x\n{{- end}}\n",
		"a list in a list":                      "a:\n{{range .twice}}- - {{.}}\n  - x\n{{else}}- y\n{{end}}",
		"keys":                                  "{{.v}}: x\n\"{{.v}}2\": y\n{{.v}}-3: {{.v}}\n{{range $k, $x := .map}}{{$k}}: {{$x}}\n{{end}}{{quote \"q\"}}: 1",
		"comments":                              "a: 1 # {{.v}}\n# {{.v}}\nb: {{.v}} # x\n",
		"documents":                             "---\n# x\na: {{.v}}\n",
		"quotes in quotes":                      "a: 'it''s {{.v}} \"\\'\nb: \"\\\"{{.v}}'\"\nc: '{{.v}}'\nd: ''\ne: 'x'",
		"single quotes in branches":             "a: {{if .yes}}'{{.v}}{{else}}'x{{end}}y'\nb: '{{if .yes}}{{.v}}{{end}}'",
		"single quotes in a template":           "{{define \"q\"}}'{{.v}}'{{end}}a: {{template \"q\" .}}\nb: {{template \"q\" .}}",
		"a template in a template":              "{{define \"r\"}}{{with .map}}\n  x: {{.k}}{{end}}{{end}}a:\n{{template \"r\" .}}\nb:\n{{template \"r\" .}}",
		"a block":                               "a: {{block \"b\" .}}{{.v}}{{end}}\n",
		"a template that calls itself":          "{{define \"l\"}}{{if .}}\n- {{first .}}{{template \"l\" rest .}}{{end}}{{end}}a:{{template \"l\" .twice}}\nb: {{.v}}",
		"a loop that is left":                   "a: [{{range .twice}}{{if eq . 2}}{{break}}{{end}}{{.}}, {{continue}}x{{end}}]",
		"text that an action prints":            "{{\"a: \"}}{{`\"`}}{{.v}}{{`\"`}}",
		"actions that print nothing":            "{{$x := .v}}a: {{/* x */}}{{$x = \"w\"}}{{$x}}{{- \"\" }}\n",
		"an anchor and a tag":                   "a: &x !!str {{.v}}\nb: *x\nc: &y\n  d: {{.v}}",
		"lines that end in CRLF":                "a: {{.v}}\r\nb:\r\n  - \"{{.v}}\"\r\n",
		"a complex key":                         "? {{.v}}\n: x\n",
		"a plain value that goes on":            "a: x {{.v}}\n  {{.v}}\nb: {{.v}}\n  x",
		"a block scalar in a list":              "a:\n- |2-\n   {{.v}}\n- >\n   x {{.v}}\n\n# x\nb: {{.v}}",
	}
	data := map[string]any{
		"v": harmless, "yes": true, "no": false, "number": 42, "float": 1.5, "large": 1e21, "text": "042", "twice": []int{1, 2}, "none": nil,
		"map": map[string]any{"k": "v", "l": map[string]any{"m": []any{"n", 1}}}, "more": map[string]any{"o": "p"},
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			var plain, safe bytes.Buffer
			if err := parse(t, text).Execute(&plain, data); err != nil {
				t.Fatal(err)
			}
			if err := escaped(t, text).Execute(&safe, data); err != nil {
				t.Fatal(err)
			}
			want, err := decode(strings.ReplaceAll(plain.String(), "042", `"042"`))
			if err != nil {
				t.Fatalf("%v in\n%s", err, plain.String())
			}
			got, err := decode(safe.String())
			if err != nil {
				t.Fatalf("%v in\n%s", err, safe.String())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("document (-as it is +escaped):\n%s\nin\n%s", diff, safe.String())
			}
		})
	}
}

func TestValueErrorTellsWhere(t *testing.T) {
	compiled := escaped(t, "{{define \"part\"}}a:\n- --x={{.v | lower}}{{end}}{{template \"part\" .}}")
	_, err := render(compiled, "x # y")
	refused, ok := errors.AsType[*yamlescape.ValueError](err)
	if !ok {
		t.Fatalf("got %v, want a ValueError", err)
	}
	want := &yamlescape.ValueError{
		Template: "test", Line: 2, Action: "{{.v | lower}}", Context: "a part of a plain value", Problem: "the value has a '#' behind a blank, which begins a comment",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestYAMLIsRefusedWhereItWouldEndWhatItStandsIn(t *testing.T) {
	tests := map[string]struct{ text, problem string }{
		"lines at column 0":                 {"a:\n    {{toYaml .v}}", "indented less"},
		"lines of a list item at column 0":  {"a:\n  - {{toYaml .v}}", "indented less"},
		"lines behind a key":                {"a: {{toYaml .v}}", "indented less"},
		"a variable behind a key":           {"{{$y := toYaml .v | indent 4}}a: {{$y}}", "indented less"},
		"a flow sequence":                   {"a: [{{toYaml .v}}]", "flow collection"},
		"lines in a flow mapping":           {"a: { {{- toYaml .v | nindent 2}}\n}", "flow collection"},
		"a plain value that has begun":      {"a: x{{toYaml .v}}", "a colon"},
		"a key":                             {"{{toYaml .v}}: x", "no key"},
		"text that trimming took marks off": {"a:\n  {{toYaml .v | trimSuffix \"x\"}}", "only functions that yield YAML"},
		"text that was formatted":           {"a:\n  {{toYaml .v | printf \"%s\"}}", "only functions that yield YAML"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := render(escaped(t, test.text), map[string]string{"evil": "x", "more": "y"})
			refused, ok := errors.AsType[*yamlescape.ValueError](err)
			if !ok || !strings.Contains(refused.Problem, test.problem) {
				t.Errorf("got %v, want a ValueError with %q", err, test.problem)
			}
		})
	}
}

func TestEscapeTwiceFails(t *testing.T) {
	parsed := escaped(t, "a: {{.v}}")
	if err := yamlescape.Escape(parsed); err == nil || !strings.Contains(err.Error(), "is escaped already") {
		t.Errorf("got %v, want an error", err)
	}
}

func TestClonesAreNotEscaped(t *testing.T) {
	parsed := parse(t, "a: {{.v}}")
	clone := template.Must(parsed.Clone())
	if err := yamlescape.Escape(parsed); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		of   *template.Template
		want string
	}{{parsed, `a: "x: y"`}, {clone, "a: x: y"}} {
		if got, err := render(test.of, "x: y"); err != nil || got != test.want {
			t.Errorf("got %q, %v, want %q", got, err, test.want)
		}
	}
}

func TestTemplatesThatNoneCallsAreEscapedAsDocuments(t *testing.T) {
	compiled := escaped(t, `{{define "other"}}b: {{.v}}{{end}}a: {{.v}}`)
	var out bytes.Buffer
	if err := compiled.ExecuteTemplate(&out, "other", map[string]any{"v": "x: y"}); err != nil || out.String() != `b: "x: y"` {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestExecuteConcurrently(t *testing.T) {
	compiled := escaped(t, "a: {{.v}}\nb: '{{.v}}'\nc: {{quote .v}}\n{{toYaml (dict \"d\" .v)}}")
	want, err := render(compiled, "x: y")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				if got, err := render(compiled, "x: y"); err != nil || got != want {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			}
		})
	}
	group.Wait()
}
