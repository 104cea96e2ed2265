package param_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

// pieces are what templates are put together from at random.
func pieces() []string {
	return []string{
		"{{.v}}", "{{.v}}", "{{.v}}", "{{quote .v}}", "{{toJson .v}}", "{{- toYaml (dict .v .v) | nindent 2}}", "{{toYaml (list .v) | indent 2}}",
		"{{if .yes}}", "{{else}}", "{{end}}", "{{if not .yes}}", "{{range .twice}}", "{{break}}", "{{continue}}", "{{- /* */ -}}", `{{"x"}}`,
		`{{template "value" .}}`, `{{template "line" .}}`, "{{$x := .v}}", "{{with .v}}",
		"a: ", "b: ", "c:", "\n", "\n", "\n", "\n  ", "\n    ", "  ", " ", "- ", "-", "? ", ": ", ":", "x", "1", "#", " # ", "\"", "\"", "'", "'", "\\",
		"[", "]", "{", "}", ", ", ",", "|\n  ", "|-\n    ", "|2\n", ">\n  ", "&a ", "*a ", "!!str ", "---\n", "...\n", ".", "%", "<<: ", "~", "null", "x: y\n",
	}
}

const library = `{{define "value"}}{{.v}}{{end}}{{define "line"}}
- {{.v}}
- {{if .yes}}{{template "value" .}}{{end}}{{end}}`

// build returns the template that is put together as the bytes say, nil if that is none.
func build(choices []byte) (*template.Template, string) {
	all := pieces()
	var b strings.Builder
	open := 0
	for _, choice := range choices {
		piece := all[int(choice)%len(all)]
		switch {
		case piece == "{{end}}" && open == 0, piece == "{{else}}" && open == 0:
			continue
		case piece == "{{end}}":
			open--
		case strings.HasPrefix(piece, "{{if"), strings.HasPrefix(piece, "{{range"), strings.HasPrefix(piece, "{{with"):
			open++
		}
		b.WriteString(piece)
	}
	b.WriteString(strings.Repeat("{{end}}", open))
	parsed, err := template.New("test").Funcs(param.Functions(functions())).Parse(library + b.String())
	if err != nil {
		return nil, ""
	}
	return parsed, b.String()
}

// shapes says whether two documents are the same but for the contents of scalars; keys count as such only where the
// harmless value is in them.
func sameShape(calm, got any) bool {
	switch calm := calm.(type) {
	case nil:
		return got == nil
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(calm) != len(got) {
			return false
		}
		for key, value := range calm {
			other, ok := got[key]
			if !ok && !strings.Contains(key, harmless) || ok && !sameShape(value, other) {
				return false
			}
		}
		return true
	case []any:
		got, ok := got.([]any)
		return ok && slices.EqualFunc(calm, got, sameShape)
	}
	switch got.(type) {
	case nil, map[string]any, []any:
		return false
	}
	return true
}

// checkTemplate checks that no value changes the structure of what the template renders with a harmless one. It returns
// whether the template could be checked.
func checkTemplate(t *testing.T, parsed *template.Template, text string, values []string) bool {
	t.Helper()
	program, err := param.Compile(parsed, nil)
	if err != nil {
		t.Errorf("%q: %v", text, err)
		return false
	}
	calm, err := fill(program, dataOf(harmless))
	if err != nil {
		return false
	}
	for _, v := range values {
		got, err := fill(program, dataOf(v))
		if err == nil && !sameShape(calm, got) {
			t.Errorf("template %q, value %q (-harmless +got):\n%s", text, v, cmp.Diff(calm, got))
		}
	}
	return true
}

func TestNoValueChangesTheStructureOfAnyTemplate(t *testing.T) {
	const templates, valuesEach = 6000, 30
	random := rand.New(rand.NewPCG(1, 2))
	values := hostile()
	values = slices.DeleteFunc(values, func(v string) bool { return strings.Trim(v, " \t\r\n") == "" })
	checked := 0
	for range templates {
		choices := make([]byte, 3+random.IntN(14))
		for i := range choices {
			choices[i] = byte(random.IntN(256))
		}
		some := make([]string, valuesEach)
		for i := range some {
			some[i] = values[random.IntN(len(values))]
		}
		if parsed, text := build(choices); parsed != nil && checkTemplate(t, parsed, text, some) {
			checked++
		}
	}
	if checked < templates/20 {
		t.Errorf("%d of %d templates could be checked, want more", checked, templates)
	}
}

func FuzzTemplates(f *testing.F) {
	f.Add([]byte{20, 0, 23, 21, 1}, "x: y")
	f.Fuzz(func(t *testing.T, choices []byte, v string) {
		if strings.Trim(v, " \t\r\n") == "" || len(choices) > 40 {
			return
		}
		if parsed, text := build(choices); parsed != nil {
			checkTemplate(t, parsed, text, []string{v})
		}
	})
}
