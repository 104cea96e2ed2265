package param_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/internal/packed"
	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

// Templates as they are written, each with a harmless value: with parameters and without, they mean the same.
func TestTemplatesMeanTheSame(t *testing.T) {
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
		"numbers and booleans":                  "a: {{.number}}\nb: {{.yes}}\nc: {{.float}}\ne: {{print .number}}\nf: [{{.number}}, {{.large}}]",
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
		"a block scalar in a list":              "a:\n- |2-\n   {{.v}}\n- >\n   x {{.v}}\n\n# x\nb: {{.v}}",
	}
	data := map[string]any{
		"v": harmless, "yes": true, "no": false, "number": 42, "float": 1.5, "large": 1e21, "twice": []int{1, 2}, "none": nil, "empty": []any{},
		"map": map[string]any{"k": "v", "l": map[string]any{"m": []any{"n", int64(1)}}}, "more": map[string]any{"o": "p"},
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			plain := rendered(t, text, data)
			want, err := decode(plain)
			if err != nil {
				t.Fatalf("%v in\n%s", err, plain)
			}
			got, err := fill(compile(t, text), data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("document (-text +parameters):\n%s\nin\n%s", diff, plain)
			}
		})
	}
}

// What text could not hold, parameters can.
func TestWhatTextCouldNotHold(t *testing.T) {
	tests := map[string]struct {
		text string
		want any
	}{
		"quotes on one path only":            {"a: {{if .yes}}\"{{end}}{{.v}}{{if .yes}}\"{{end}}", map[string]any{"a": "x: y\n# z"}},
		"a template called from two places":  {"{{define \"v\"}}{{.v}}{{end}}a: \"{{template \"v\" .}}\"\nb: {{template \"v\" .}}", map[string]any{"a": "x: y\n# z", "b": "x: y\n# z"}},
		"a part of a plain scalar":           {"- --x={{.v}}", []any{"--x=x: y\n# z"}},
		"YAML at another column":             {"a:\n      {{toYaml .map}}", map[string]any{"a": map[string]any{"k": "v", "l": int64(1)}}},
		"YAML behind a key":                  {"a: {{toYaml .map}}", map[string]any{"a": map[string]any{"k": "v", "l": int64(1)}}},
		"YAML in a flow sequence":            {"a: [{{toYaml .map}}]", map[string]any{"a": []any{map[string]any{"k": "v", "l": int64(1)}}}},
		"an empty list behind others":        {"a:\n- x\n{{toYaml .empty}}", map[string]any{"a": []any{"x"}}},
		"an empty list alone":                {"a:\n{{toYaml .empty}}", map[string]any{"a": []any{}}},
		"YAML in a block scalar":             {"a: |\n  x:\n    {{- toYaml .map | nindent 4}}\n", map[string]any{"a": "x:\n  k: v\n  l: 1\n"}},
		"YAML alone in a block scalar":       {"a: |\n  x:\n  {{toYaml .map | indent 2}}\n", map[string]any{"a": "x:\n  k: v\n  l: 1\n"}},
		"a list alone in a block scalar":     {"a: |\n  x:\n  {{toYaml .list | indent 2}}\n", map[string]any{"a": "x:\n  - 1\n  - 2\n"}},
		"words that are none of YAML 1.1":    {"a: [{{\"yes\" | lower}}, {{\"010\" | lower}}, {{\"null\" | lower}}, {{\"1.10\" | lower}}, {{\"8080\" | lower}}]", map[string]any{"a": []any{"yes", "010", "null", 1.1, int64(8080)}}},
		"a number that is put together":      {"a: {{.one}}{{.one}}", map[string]any{"a": int64(11)}},
		"an empty value":                     {"a: {{.nothing}}\nb: 1", map[string]any{"a": "", "b": int64(1)}},
		"an empty value alone on a line":     {"a:\n  {{.nothing}}\nb: 1", map[string]any{"a": nil, "b": int64(1)}},
		"an anchor that is used again":       {"a: &x {k: {{.v}}}\nb: *x", map[string]any{"a": map[string]any{"k": "x: y\n# z"}, "b": map[string]any{"k": "x: y\n# z"}}},
		"a merge key":                        {"a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3", map[string]any{"a": map[string]any{"k": int64(1), "l": int64(2)}, "b": map[string]any{"k": int64(1), "l": int64(3)}}},
		"lines of text in a block scalar":    {"a: |\n  x\n  {{.v}}\n  y", map[string]any{"a": "x\nx: y\n# z\ny"}},
		"a mapping as JSON":                  {"a: !json\n  b: {{.v}}\n  c: [{{.one}}, \"1\"]\n  {{toYaml .map}}", map[string]any{"a": `{"b":"x: y\n# z","c":[1,"1"],"k":"v","l":1}`}},
		"a list and a scalar as JSON":        {"[!json [], !json x, !json 1, !json {{.one}}]", []any{"[]", `"x"`, "1", "1"}},
		"a mapping that is packed":           {"a: !packed {b: {{.v}}}\nb: !packed {c: 1}", map[string]any{"a": packed.Pack([]byte(`{"b":"x: y\n# z"}`)), "b": packed.Pack([]byte(`{"c":1}`))}},
		"a block scalar that is not the end": {"a: |\n  {{.v}}\nb: 1", map[string]any{"a": "x: y\n# z\n", "b": int64(1)}},
	}
	data := map[string]any{"v": "x: y\n# z", "yes": true, "map": map[string]any{"k": "v", "l": int64(1)}, "list": []any{int64(1), int64(2)}, "empty": []any{}, "one": 1, "nothing": ""}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := fill(compile(t, test.text), data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsTellWhere(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"an anchor":                        {"b: 1\na: &{{.v}} x", "line 2: the output is not valid YAML: did not find expected alphabetic or numeric character"},
		"an alias":                         {"a: *x{{.v}}", "line 1: the output is not valid YAML: did not find expected alphabetic or numeric character"},
		"a tag":                            {"a: !x{{.v}} y", "line 1: the output is not valid YAML: did not find expected whitespace or line break"},
		"a header of a block scalar":       {"a: |{{.v}}\n  x", "line 1: the output is not valid YAML: did not find expected comment or line break"},
		"a tag that is not of a string":    {"a: !!int {{.v}}", "line 1: a value cannot have the tag !!int"},
		"a directive in JSON":              {"a: !json {{toYaml .directive}}", "line 1 {{toYaml .directive}}: merge directive \"$patch\" does not stand in the template's text"},
		"nothing behind a tag":             {"a:\n  b: !packed\nc: 1", "line 2: there is nothing behind the tag !packed, want YAML"},
		"null behind a tag":                {"a: !json ~", "line 1: there is nothing behind the tag !json, want YAML"},
		"a branch with nothing in it":      {"a: !json\n  {{if false}}b: {{.v}}{{end}}", "line 1: there is nothing behind the tag !json, want YAML"},
		"a tag that is misspelt":           {"a: !pakced {b: {{.v}}}", `line 1: unknown tag !pakced (did you mean "!packed"?), want !json or !packed`},
		"a tag that is not known":          {"a:\n- !secret x", "line 2: unknown tag !secret, want !json or !packed"},
		"a tag on a key":                   {"a:\n  !json b: {c: {{.v}}}", `line 2: the key "b" has the tag !json: tags are for values, behind the colon`},
		"a tag on a key of YAML's own":     {"!!int 1: {{.v}}", `line 1: the key "1" has the tag !!int: tags are for values, behind the colon`},
		"a key twice in JSON":              {"a: !packed\n  b: 1\n  b: 2", "line 3: the output is not valid YAML: key \"b\" already set in map"},
		"a line of its own":                {"a:\n  {{.v}}", "line 2 {{.v}}: only functions that make YAML, such as toYaml, can stand alone on a line"},
		"a line that would go on":          {"a: b\n  {{quote .v}}", "line 2 {{quote .v}}: stands alone on a line, and is neither an entry of a list nor of a mapping"},
		"YAML with text behind":            {"a:{{toYaml .map | nindent 2}}x", "line 1 {{toYaml .map | nindent 2}}: a block of YAML cannot stand in the middle of text; toJSON makes what can"},
		"YAML in text":                     {"a: x{{toYaml .map}}", "line 1 {{toYaml .map}}: a block of YAML cannot stand in the middle of text; toJSON makes what can"},
		"YAML as a key":                    {"{{toYaml .map}}: x", "line 1 {{toYaml .map}}: a block of YAML is no key"},
		"a key twice":                      {"a: 1\nb: 2\na: 3", "line 3: the output is not valid YAML: key \"a\" already set in map"},
		"a key twice by a value":           {"a: 1\n{{.a}}: 2", "line 2: key \"a\" already set in map"},
		"a key twice by YAML":              {"k: 1\n{{toYaml .map}}", "line 2 {{toYaml .map}}: key \"k\" already set in map"},
		"a merge directive as a key":       {"a:\n  {{.patch}}: replace", "line 2 {{.patch}}: merge directive \"$patch\" does not stand in the template's text"},
		"a merge directive in YAML":        {"a: {{toYaml .directive}}", "line 1 {{toYaml .directive}}: merge directive \"$patch\" does not stand in the template's text"},
		"two documents":                    {"a: 1\n---\n\nb: 2", "line 4: there is more than one document, want one"},
		"an error in a template":           {"{{define \"q\"}}\nb: \"{{end}}a: 1{{template \"q\" .}}", "line 2: the output is not valid YAML: found unexpected end of stream"},
		"an alias of itself":               {"a: &x [*x]", "line 1: an anchor contains its own alias"},
		"bytes":                            {"a: {{.bytes}}", "line 1 {{.bytes}}: the value is not valid UTF-8"},
		"a character that marks are of":    {"a: 1\nb: \uE001", "line 2: the character U+E001 is reserved, and must not stand in a template"},
		"an output without an end":         {"a: {{range $i := .loop}}xxxxxxxxxxxxxxxx{{end}}", "line 1 {{range $i := .loop}}: the output is longer than 1 MiB: does a range have an end?"},
		"more nodes than anybody can need": {"a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]", "line 1: the output has more than 100000 nodes"},
	}
	data := map[string]any{
		"v": "v", "a": "a", "map": map[string]any{"k": "v"}, "patch": "$patch", "directive": map[string]any{"$patch": "replace"},
		"bytes": "\xff", "loop": 1 << 20,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			program, err := param.Compile(parse(t, test.text), nil)
			if err == nil {
				_, err = fill(program, data)
			}
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// One tree serves all outputs with the same text, and what it gives is not mixed up between executions.
func TestATreeServesAllValues(t *testing.T) {
	program := compile(t, "a: {{.v}}\nb: '{{.v}}'\nc: {{quote .v}}\n{{toYaml (dict \"d\" .v)}}\ne: {f: [1, 2]}")
	first, err := program.Execute(dataOf("x"), budget(1000))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := first.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, v := range []string{"x", "x: y", "z\n", "$x", "", "1.0"} {
		group.Go(func() {
			for range 100 {
				output, err := program.Execute(dataOf(v), budget(1000))
				if err != nil {
					t.Error(err)
					return
				}
				if v != "" && output.Text() != first.Text() {
					t.Errorf("%q: the text differs", v)
				}
				of := tree
				if v == "" {
					if of, err = output.Parse(nil); err != nil {
						t.Error(err)
						return
					}
				}
				got, err := of.Fill(output, param.FillOptions{})
				want := map[string]any{"a": v, "b": v, "c": v, "d": v, "e": map[string]any{"f": []any{int64(1), int64(2)}}}
				if v == "1.0" {
					want["a"] = 1.0
				}
				if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
					t.Errorf("%q: %v (-want +got):\n%s", v, err, diff)
				}
			}
		})
	}
	group.Wait()
}

func TestAnErrorIsAnError(t *testing.T) {
	_, err := fill(compile(t, "a: {{index .twice 7}}"), dataOf("v"))
	if _, ours := errors.AsType[*param.Error](err); ours || err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("got %v, want the error of text/template", err)
	}
}

// What the program packed is told from what a value only looks like.
func TestUnpacked(t *testing.T) {
	foreign := packed.Pack([]byte("foreign"))
	program := compile(t, "a: !packed {b: {{.v}}}\nc: [!packed {d: 1}]\ne: {{.foreign}}\nf: !json {g: !packed {h: 1}}\ni: !packed {j: !packed {k: {{.v}}}}")
	output, err := program.Execute(map[string]any{"v": "x", "foreign": foreign}, budget(1000))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := output.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	filled, err := tree.Fill(output, param.FillOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": `{"b":"x"}`, "c": []any{`{"d":1}`}, "e": foreign, "f": `{"g":"{\"h\":1}"}`, "i": `{"j":"{\"k\":\"x\"}"}`}
	if diff := cmp.Diff(any(want), output.Unpacked(tree, filled)); diff != "" {
		t.Errorf("unpacked (-want +got):\n%s", diff)
	}
}
