package reads_test

import (
	"reflect"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/reads"
)

type data struct {
	Meta   *meta
	Items  []item
	Labels map[string]string
	Any    map[string]any
}

type meta struct{ Name, UID string }

// GetName is a method, behind which nothing can be followed.
func (m *meta) GetName() string { return m.Name }

type item struct {
	Name  string
	Ports []int
	inner
}

type inner struct{ Deep *meta }

// TestOf has a template, and the paths that it reads.
func TestOf(t *testing.T) {
	functions := template.FuncMap{
		"whole": func(any) string { return "" }, "list": func(...any) []any { return nil }, "concat": func(...any) []any { return nil },
		"first": func(any) any { return nil }, "names": func(any) string { return "" }, "default": func(a, b any) any { return b },
	}
	declared := map[string]reads.Function{
		"list": {Boxes: true}, "concat": {Returns: true}, "first": {Element: true}, "names": {Reads: [][]string{{"*/Name"}}},
		"default": {Returns: true},
	}
	for text, want := range map[string]string{
		"nothing":                        "",
		"{{ .Meta.Name }}":               "Meta/Name",
		"{{ $.Meta.UID }}":               "Meta/UID",
		"{{ .Meta }}":                    "Meta",
		"{{ .Meta.GetName}}":             "Meta",
		"{{ .None }}":                    "(all)", // what is not known counts as everything
		"{{ $m := .Meta }}{{ $m.Name }}": "Meta/Name",
		"{{ $m := .Meta }}{{ if true }}{{ $m = index .Items 0 }}{{ end }}{{ $m.Name }}": "Items/*/Name Meta/Name",
		"{{ with .Meta }}{{ .UID }}{{ else }}{{ .Labels.a }}{{ end }}":                  "Labels/a Meta/UID",
		"{{ if .Meta }}x{{ end }}":                                       "",
		"{{ if .Meta.Name }}x{{ end }}":                                  "Meta/Name",
		"{{ if eq .Meta.Name `a` }}x{{ end }}":                           "Meta/Name",
		"{{ range .Items }}{{ .Name }}{{ end }}":                         "Items/*/Name",
		"{{ range $i, $x := .Items }}{{ $i }}{{ $x.Deep.UID }}{{ end }}": "Items/*/inner/Deep/UID",
		"{{ range .Items }}{{ range .Ports }}{{ . }}{{ end }}{{ end }}":  "Items/*/Ports/*",
		"{{ range $k, $v := .Labels }}x{{ end }}":                        "Labels",
		"{{ index .Labels `a/b` }}":                                      "Labels/a~1b",
		"{{ index .Labels .Meta.Name }}":                                 "Labels/* Meta/Name",
		"{{ (index .Items 0).Name }}":                                    "Items/*/Name",
		"{{ len .Items }}":                                               "",
		"{{ .Any.a.b }}":                                                 "Any/a",
		"{{ whole .Items }}":                                             "Items",
		"{{ .Items | whole }}":                                           "Items",
		"{{ whole . }}":                                                  "(all)",
		"{{ range list (first .Items) .Meta }}{{ .Name }}{{ end }}":      "Items/*/Name Meta/Name",
		"{{ range concat .Items .Items }}{{ .Name }}{{ end }}":           "Items/*/Name",
		"{{ names .Items }}":                                             "Items/*/Name",
		"{{ (default .Meta (first .Items)).Name }}":                      "Items/*/Name Meta/Name",
		"{{ define `t` }}{{ .Name }}{{ end }}{{ template `t` .Meta }}":   "Meta/Name",
		"{{ define `t` }}{{ $.Name }}{{ end }}{{ range .Items }}{{ template `t` . }}{{ end }}":                "Items/*/Name",
		"{{ define `t` }}{{ if . }}{{ template `t` . }}{{ end }}{{ .Meta.UID }}{{ end }}{{ template `t` . }}": "Meta/UID",
		"{{ define `never` }}{{ .Meta }}{{ end }}x":                                                           "",
	} {
		t.Run(text, func(t *testing.T) {
			parsed, err := template.New("test").Funcs(functions).Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			found := reads.Of(parsed, reflect.TypeFor[*data](), declared).List()
			for i := range found {
				if found[i] == "" {
					found[i] = "(all)"
				}
			}
			if diff := cmp.Diff(want, strings.Join(found, " ")); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTouches(t *testing.T) {
	parsed := template.Must(template.New("test").Parse("{{ range .Items }}{{ .Deep }}{{ end }}"))
	read := reads.Of(parsed, reflect.TypeFor[*data](), nil)
	for path, want := range map[string]bool{
		"Items/*/inner/Deep": true, "Items/*/inner/Deep/UID": true, "Items/*/inner": true, "Items": true,
		"Items/*/Name": false, "Meta": false,
	} {
		if got := read.Touches(path); got != want {
			t.Errorf("%s is touched: %v, want %v", path, got, want)
		}
	}
}
