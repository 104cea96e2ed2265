package param_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

func TestFunctionsKeepValues(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"toYaml":                        {`toYaml .m`, "value(a: x\n)"},
		"toYaml, indented":              {`toYaml .m | indent 2 | trim`, "value(a: x)"},
		"toYaml on a line":              {`nindent 1 (toYaml .m)`, "value(\n a: x\n )"},
		"JSON":                          {`toJson .m | trim`, `value({"a":"x"})`},
		"quoted":                        {`quote "a\"b\n"`, `value("a\"b\n")`},
		"quoted number":                 {`quote 1`, `value("1")`},
		"quoted twice":                  {`quote "a" | quote`, `value("\"a\"")`},
		"several values quoted":         {`quote "a" nil "b"`, `string("a" "b")`},
		"nothing quoted":                {`quote nil`, `string()`},
		"single-quoted":                 {`squote "it's"`, `value('it''s')`},
		"single-quoted lines":           {`squote "a\nb"`, `value("a\nb")`},
		"a default":                     {`toYaml .m | default "x"`, "value(a: x\n)"},
		"a choice":                      {`or "" (quote "x")`, `value("x")`},
		"JSON, indented":                {`toJson .m | indent 2`, `value(  {"a":"x"})`},
		"text that is indented":         {`indent 2 "x"`, "string(  x)"},
		"text that is trimmed":          {`trim " x "`, "string(x)"},
		"a function that takes a text":  {`toYaml .m | upper`, "string(A: X\n)"},
		"a function that takes two":     {`quote "x" | trimAll "\""`, "string(x)"},
		"a function that takes several": {`quote "x" | printf "%s"`, `string("x")`},
		"a function that takes another": {`toYaml .m | trunc 1`, "string(a)"},
		"a function of one's own":       {`several 1 "a" (quote "b")`, `string(1 [a "b"])`},
		"a pointer to a text":           {`upper .p`, "string(X)"},
		"a test of text":                {`contains "a" (toYaml .m)`, "bool(true)"},
		"a map with marked keys":        {`has "a" (quote "a")`, "bool(false)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got string
			base := functions()
			base["several"] = func(n int, texts ...string) string { return fmt.Sprint(n, texts) }
			base["has"] = func(m any, text string) bool { return m == text }
			functions := param.Functions(base)
			functions["see"] = func(value any) string { got = described(value); return "" }
			x := "x"
			data := map[string]any{"m": map[string]string{"a": "x"}, "p": &x}
			parsed := template.Must(template.New("test").Funcs(functions).Parse("{{" + test.text + " | see}}"))
			if err := parsed.Execute(&strings.Builder{}, data); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func described(value any) string {
	if made, ok := value.(*param.Value); ok {
		return fmt.Sprintf("value(%s)", made)
	}
	return fmt.Sprintf("%T(%[1]v)", value)
}

func TestFunctionsFail(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no text":             {`upper 1`, "wrong type for value; expected string; got int"},
		"nothing":             {`upper .none`, "invalid value; expected string"},
		"no text among texts": {`several "a" 1`, "wrong type for value; expected string; got int"},
		"an error":            {`failing "x"`, "error calling failing: on purpose"},
		"what cannot be YAML": {`toYaml .channel`, "unsupported type: chan int"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			base := functions()
			base["several"] = func(texts ...string) string { return fmt.Sprint(texts) }
			base["failing"] = func(string) (string, error) { return "", errors.New("on purpose") }
			parsed := template.Must(template.New("test").Funcs(param.Functions(base)).Parse("{{" + test.text + "}}"))
			err := parsed.Execute(&strings.Builder{}, map[string]any{"none": nil, "channel": make(chan int)})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestFunctionsDoNotChangeTheBase(t *testing.T) {
	base := template.FuncMap{"toYaml": func(any) string { return "" }}
	param.Functions(base)
	if _, same := base["toYaml"].(func(any) string); !same || len(base) != 1 {
		t.Errorf("the base was changed to %v", base)
	}
}
