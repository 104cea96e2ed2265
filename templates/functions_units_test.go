package templates

import (
	"strings"
	"testing"
	"text/template"

	corev1 "k8s.io/api/core/v1"
)

// TestUnitFunctions calls the functions of amounts, ports, maps and variables from a template, as they are called there.
func TestUnitFunctions(t *testing.T) {
	port := func(name string, number int32) corev1.Container {
		return corev1.Container{Ports: []corev1.ContainerPort{{Name: name, ContainerPort: number}, {ContainerPort: 1}}}
	}
	data := map[string]any{
		"A": []corev1.Container{port("http", 8080), port("db", 3306)}, "B": []corev1.Container{port("http", 80)},
		"Words": map[string]string{"a/x": "1", "a/y": "2", "b/x": "3"},
		"List":  []any{map[string]any{"name": "A", "value": "1"}, map[string]any{"name": "B"}},
		"More":  []any{map[string]any{"name": "C"}, map[string]any{"name": "A", "value": "2"}},
		"No":    []any{"A"},
	}
	for call, want := range map[string]string{
		`milliseconds "k" "1m30s"`:                "90000ms",
		`milliseconds "k" "1.5ms"`:                "1ms",
		`milliseconds "k" "10"`:                   `"10" is not a duration such as 500ms or 1m30s`,
		`milliseconds "k" "-1s"`:                  `"-1s" is not a duration`,
		`wholeSeconds "k" "6s5000ms"`:             "11s",
		`wholeSeconds "k" ""`:                     `"" is not a duration`,
		`cores "k" "1500m"`:                       "2",
		`cores "k" "0"`:                           "0",
		`cores "k" "-1"`:                          `"-1" is not a quantity such as 100m or 2`,
		`cores "k" "1e30"`:                        `"1e30" is more CPUs than there can be`,
		`between "k" 1 65535 "080"`:               "80",
		`between "k" -1 5 -1`:                     "-1",
		`between "k" 1 65535 "65536"`:             `"65536" is not a whole number from 1 to 65535`,
		`between "k" 1 65535 "a"`:                 `"a" is not a whole number`,
		`parseBool "k" "T"`:                       "true",
		`parseBool "k" false`:                     "false",
		`parseBool "k" "yes"`:                     `"yes" is not allowed, want true or false`,
		`portRanges "k" ""`:                       "",
		`portRanges "k" "080, 8000-8010,5-5,"`:    "80,8000-8010,5",
		`portRanges "k" "80,"`:                    "80",
		`portRanges "k" "http"`:                   `"http" is not a port (1 to 65535) or a range`,
		`portRanges "k" "0"`:                      `"0" is not a port`,
		`portRanges "k" "9-8"`:                    `"9-8" is not a port`,
		`portRanges "k" "1-2-3"`:                  `"1-2-3" is not a port`,
		`portRanges "k" "1,,2"`:                   `"" is not a port`,
		`namedPorts "k" "http,db,nowhere" .A .B`:  "80,3306",
		`namedPorts "k" "1-3,http" .A`:            "1-3,8080",
		`namedPorts "k" "no name" .A`:             `"no name" is not a port (1 to 65535), the name of one, or a range`,
		`overlaid .Words (dict "a/x" "4" "c" 5)`:  "map[a/x:4 a/y:2 b/x:3 c:5]",
		`overlaid`:                                "map[]",
		`overlaid 1`:                              "overlaid: int is no map",
		`withPrefix "a/" .Words`:                  "map[x:1 y:2]",
		`lastOfName .List .More`:                  "[map[name:A value:2] map[name:B] map[name:C]]",
		`lastOfName .No`:                          "lastOfName: a string has no name",
		`environment "k" ""`:                      "[]",
		`environment "k" "[{\"name\":\"A\"}]"`:    "[map[name:A]]",
		`environment "k" "[{\"nam\":\"A\"}]"`:     `json: unknown field "nam", want a list of variables such as`,
		`environment "k" "[{\"name\":\"A\"}] []"`: "something follows the list",
		`environment "k" "{}"`:                    "cannot unmarshal object",
	} {
		t.Run(call, func(t *testing.T) {
			parsed, err := template.New("t").Funcs(functions()).Parse("{{ " + call + " }}")
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := parsed.Execute(&out, data); err != nil {
				if !strings.Contains(err.Error(), want) || want == "" {
					t.Errorf("error %v, want %q", err, want)
				}
			} else if out.String() != want {
				t.Errorf("got %q, want %q", out.String(), want)
			}
		})
	}
}
