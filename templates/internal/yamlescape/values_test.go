package yamlescape_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/yamlescape"
)

func functions() template.FuncMap {
	base := sprig.HermeticTxtFuncMap()
	base["toYaml"] = func(v any) (string, error) {
		text, err := yaml.Marshal(v)
		return string(text), err
	}
	return yamlescape.Functions(base)
}

func parse(t testing.TB, text string) *template.Template {
	t.Helper()
	parsed, err := template.New("test").Funcs(functions()).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func escaped(t testing.TB, text string) *template.Template {
	t.Helper()
	parsed := parse(t, text)
	if err := yamlescape.Escape(parsed); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return parsed
}

func render(t *template.Template, v any) (string, error) {
	var out bytes.Buffer
	err := t.Execute(&out, map[string]any{"v": v, "yes": true, "twice": []int{1, 2}})
	return out.String(), err
}

// decode parses YAML strictly, numbers as they are written.
func decode(text string) (any, error) {
	raw, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	err = decoder.Decode(&value)
	return value, err
}

// with returns the value with the harmless value replaced in all strings. A whole one is a number if it looks like one.
func with(value any, v string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, harmless, string([]rune(v)))
	case []any:
		replaced := []any{}
		for _, element := range value {
			replaced = append(replaced, with(element, v))
		}
		return replaced
	case map[string]any:
		replaced := map[string]any{}
		for key, element := range value {
			replaced[with(key, v).(string)] = with(element, v)
		}
		return replaced
	}
	return value
}

// asWritten returns what was got with each number and boolean as the text that is wanted in its place, if read makes it
// of that: bare values stay numbers and booleans.
func asWritten(want, got any, read func(string) (any, error)) any {
	switch got := got.(type) {
	case []any:
		if want, ok := want.([]any); ok && len(want) == len(got) {
			for i := range got {
				got[i] = asWritten(want[i], got[i], read)
			}
		}
	case map[string]any:
		if want, ok := want.(map[string]any); ok {
			for key := range got {
				got[key] = asWritten(want[key], got[key], read)
			}
		}
	case json.Number, bool:
		text, isText := want.(string)
		if bare, err := read(text); isText && err == nil && cmp.Equal(asFloat(bare), asFloat(got)) {
			return text
		}
	}
	return got
}

func asFloat(value any) any {
	if number, ok := value.(json.Number); ok {
		if float, err := number.Float64(); err == nil {
			return float
		}
	}
	return value
}

func readJSON(text string) (value any, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// checkValue checks the promise of the package for one value in one place.
func checkValue(t *testing.T, name string, at where, compiled *template.Template, v string) {
	t.Helper()
	if v == "" && (name == "nothing but parts" || name == "a value that goes on") {
		return // the template's own text is something else then
	}
	calm, err := render(compiled, harmless)
	if refused := new(yamlescape.ValueError); errors.As(err, &refused) && at.refuses(harmless) {
		calm, err = render(compiled, "")
		if err != nil {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want, err := decode(calm)
	if err != nil {
		t.Fatalf("%s: %v in\n%s", name, err, calm)
	}
	text, err := render(compiled, v)
	var refused *yamlescape.ValueError
	switch {
	case err != nil && !at.refuses(v):
		t.Errorf("%s: %q is refused: %v", name, v, err)
		return
	case err != nil && !errors.As(err, &refused) && !notUTF8(v):
		t.Errorf("%s: %q: %v, want a ValueError", name, v, err)
		return
	case err != nil:
		return
	}
	got, err := decode(text)
	if err != nil {
		if len(v) < 1000 && !at.refuses(harmless) { // a part may make an infinite number, which JSON has not
			t.Errorf("%s: %q: %v in\n%s", name, v, err, text)
		}
		return
	}
	reads := at.reads
	if reads == nil {
		reads = asItIs
	}
	want = with(want, reads(v))
	read := readJSON
	if at.refuses(harmless) { // a part may make a number together with what stands around it
		read = decode
	}
	if diff := cmp.Diff(want, asWritten(want, got, read)); diff != "" {
		t.Errorf("%s: %q (-want +got):\n%sin\n%s", name, v, diff, text)
	}
}

func TestValuesStayValues(t *testing.T) {
	for name, at := range places() {
		t.Run(name, func(t *testing.T) {
			compiled := escaped(t, at.template)
			for _, v := range hostile() {
				checkValue(t, name, at, compiled, v)
			}
		})
	}
}

// FuzzValues looks for a value that changes the structure of a document, is read back as another, or is refused without
// need, in any place. The corpus is that of TestValuesStayValues.
func FuzzValues(f *testing.F) {
	for _, v := range hostile() {
		f.Add(v)
	}
	compiled := map[string]*template.Template{}
	for name, at := range places() {
		compiled[name] = escaped(f, at.template)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for name, at := range places() {
			checkValue(t, name, at, compiled[name], v)
		}
	})
}
