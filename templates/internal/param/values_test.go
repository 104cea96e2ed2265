package param_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

func functions() template.FuncMap {
	base := sprig.HermeticTxtFuncMap()
	base["toYaml"] = func(v any) (string, error) {
		text, err := yaml.Marshal(v)
		return string(text), err
	}
	return base
}

func parse(t testing.TB, text string) *template.Template {
	t.Helper()
	parsed, err := template.New("test").Funcs(param.Functions(functions())).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// budget allows so many bytes of output, and of all else more than a test takes.
func budget(output int) param.Budget {
	return param.Budget{Output: output, Steps: 1 << 30, Made: 1 << 30, Value: 1 << 30}
}

func compile(t testing.TB, text string) *param.Program {
	t.Helper()
	program, err := param.Compile(parse(t, text), nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return program
}

func dataOf(v any) map[string]any { return map[string]any{"v": v, "yes": true, "twice": []int{1, 2}} }

// fill renders a program and returns the decoded value.
func fill(program *param.Program, data any) (any, error) {
	output, err := program.Execute(data, budget(1<<20))
	if err != nil {
		return nil, err
	}
	tree, err := output.Parse(nil)
	if err != nil {
		return nil, err
	}
	return tree.Fill(output, param.FillOptions{})
}

// decode parses YAML strictly.
func decode(text string) (any, error) {
	raw, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, err
	}
	var value any
	err = utiljson.Unmarshal(raw, &value)
	return value, err
}

// with returns the value with the harmless value replaced in all strings.
func with(value any, v string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, harmless, string([]rune(v))) // each byte that is no UTF-8 becomes U+FFFD, as in encoding/json
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

// asWritten returns what was got with each number and boolean as the text that is wanted in its place, if it is what JSON
// makes of that: plain values stay numbers and booleans.
func asWritten(want, got any) any {
	switch got := got.(type) {
	case []any:
		if want, ok := want.([]any); ok && len(want) == len(got) {
			for i := range got {
				got[i] = asWritten(want[i], got[i])
			}
		}
	case map[string]any:
		if want, ok := want.(map[string]any); ok {
			for key := range got {
				got[key] = asWritten(want[key], got[key])
			}
		}
	case int64, float64, bool:
		var read any
		if text, ok := want.(string); ok && utiljson.Unmarshal([]byte(text), &read) == nil && cmp.Equal(read, got) {
			return text
		}
	}
	return got
}

// checkValue checks the promise of the package for one value in one place.
func checkValue(t *testing.T, name string, at place, program *param.Program, v string) {
	t.Helper()
	calm := any(harmless)
	if at.refuses != nil && at.refuses(harmless) {
		calm = ""
	}
	want, err := fill(program, dataOf(calm))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got, err := fill(program, dataOf(v))
	refusable := notUTF8(v) || strings.HasPrefix(v, "$") || at.refuses != nil && at.refuses(v)
	switch {
	case err != nil && !refusable:
		t.Errorf("%s: %q is refused: %v", name, v, err)
		return
	case err != nil:
		if _, ok := errors.AsType[*param.Error](err); !ok {
			t.Errorf("%s: %q: got %v, want an Error", name, v, err)
		}
		return
	}
	want = with(want, v)
	if diff := cmp.Diff(want, asWritten(want, got)); diff != "" {
		t.Errorf("%s: %q (-want +got):\n%s", name, v, diff)
	}
}

func TestValuesStayValues(t *testing.T) {
	for name, at := range places() {
		t.Run(name, func(t *testing.T) {
			program := compile(t, at.template)
			for _, v := range hostile() {
				checkValue(t, name, at, program, v)
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
	programs := map[string]*param.Program{}
	for name, at := range places() {
		programs[name] = compile(f, at.template)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for name, at := range places() {
			checkValue(t, name, at, programs[name], v)
		}
	})
}

// rendered is what text/template alone makes of a template.
func rendered(t *testing.T, text string, data any) string {
	t.Helper()
	var out bytes.Buffer
	base := functions()
	base["quote"] = func(v any) string { raw, _ := json.Marshal(fmt.Sprint(v)); return string(raw) }
	if err := template.Must(template.New("test").Funcs(base).Parse(text)).Execute(&out, data); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
