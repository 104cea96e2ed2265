package templates

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// manyCalls returns a template that calls another twice, which does the same, and so on.
func manyCalls(depth int) string {
	var text strings.Builder
	for i := range depth {
		fmt.Fprintf(&text, "{{ define `%d` }}{{ template `%d` }}{{ template `%d` }}{{ end }}\n", i, i+1, i+1)
	}
	fmt.Fprintf(&text, "{{ define `%d` }}{{ end }}{{ template `0` }}", depth)
	return text.String()
}

// TestBounds: a template that would take all time or memory is an error that names its line.
func TestBounds(t *testing.T) {
	doubling := "{{ $x := \"ab\" }}{{ range until 100 }}\n{{ $x = %s }}{{ end }}"
	collected := "{{ $x := list }}{{ range until 100 }}\n{{ $x = %s }}{{ end }}"
	long, pattern := `(repeat 1000000 "a")`, strings.Repeat("(x{30}){30}", 20)
	recursion := "templates call each other without end; at most 1000 may be in each other"
	endless, values := "the template takes too many steps: does a range have an end?", "the template makes too many values: does a range have an end?"
	cases := map[string]struct{ text, want string }{
		"a range that writes for ever":     {"a: b\n{{ range 1000000000 }}# line\n{{ end }}", `line 2 {{range 1000000000}}: the output is longer than 1 MiB: does a range have an end?`},
		"a range that does nothing":        {"\n\n{{ range 1000000000 }}{{ end }}", "line 3 {{range 1000000000}}: " + endless},
		"a range that only calls":          {"\n{{ range 1000000000 }}{{ $_ := add 1 2 }}{{ end }}", "line 2"},
		"ranges in each other":             {"{{ range 10000 }}\n{{ range 10000 }}\n{{ range 10000 }}{{ end }}{{ end }}{{ end }}", "line 3 {{range 10000}}: " + endless},
		"a body with a thousand nodes":     {"{{ range 1000000000 }}" + strings.Repeat("{{ if true }}{{ end }}", 1000) + "{{ end }}", endless},
		"a template that calls itself":     {`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`, `line 1 {{template "a"}}: ` + recursion},
		"templates that call each other":   {"{{ define `a` }}{{ template `b` . }}{{ end }}\n{{ define `b` }}{{ template `a` . }}{{ end }}{{ template `a` . }}", recursion},
		"templates that call twice":        {manyCalls(40), "does a range have an end?"},
		"templates that hold much":         {"{{ define `a` }}{{ $x := " + long + " }}{{ template `a` . }}{{ end }}{{ template `a` . }}", values},
		"a text that doubles":              {fmt.Sprintf(doubling, "cat $x $x"), "line 2"},
		"a text that doubles, printed":     {fmt.Sprintf(doubling, "print $x $x"), "the result is too large"},
		"a text that doubles, formatted":   {fmt.Sprintf(doubling, "printf `%s%s` $x $x"), "printf: the result could be too large; at most 8 MiB are allowed"},
		"a text that doubles, replaced":    {fmt.Sprintf(doubling, "replace `a` `aa` $x"), "replace: the result could be too large"},
		"a text that doubles, quoted":      {fmt.Sprintf(doubling, "quote $x"), "line 2"},
		"a text that doubles, as JSON":     {fmt.Sprintf(doubling, "toJson (list $x $x)"), "line 2"},
		"a list that doubles":              {fmt.Sprintf(collected, "list $x $x `x`"), "line 2"},
		"a list that doubles, joined":      {fmt.Sprintf(collected, "concat $x $x (list 1)"), "line 2"},
		"a map that doubles":               {"{{ $x := dict }}{{ range until 100 }}{{ $x = dict `a` $x `b` $x }}{{ end }}", "the result is too large"},
		"a list that gets deep":            {"{{ $x := list }}{{ range until 1000 }}{{ $x = list $x }}{{ end }}{{ toJson $x }}", "got lists or maps that are 1000 deep; at most 100 may be in each other"},
		"a deep list, printed":             {"{{ $x := list }}{{ range until 1000 }}{{ $x = list $x }}{{ end }}a: {{ $x }}", "at most 100 may be in each other"},
		"many long texts":                  {"{{ $x := list }}{{ range until 1000 }}{{ $x = list $x " + long + " }}{{ end }}", "the result is too large; at most 8 MiB are allowed"},
		"until":                            {"{{ range until 1000000000 }}{{ end }}", "until 1000000000: want at most 100000"},
		"untilStep":                        {"{{ range untilStep 0 1000000000 2 }}{{ end }}", "untilStep 0 1000000000 2: want at most 100000 elements"},
		"untilStep over all integers":      {"{{ range untilStep -9223372036854775800 9223372036854775800 1 }}{{ end }}", "want at most 100000 elements"},
		"seq":                              {"# {{ seq 1000000000 }}", "seq: 1000000000: want at most 100000"},
		"repeat":                           {`# {{ repeat 1000000000 "ab" }}`, "repeat 1000000000: want 0 or more, and no more than 1 MiB of text"},
		"indent":                           {`# {{ indent 1000000000 "a" }}`, "indent 1000000000: want 0 or more, and no more than 1 MiB of blanks"},
		"indent of YAML":                   {`a:{{ indent 1000000000 (toYaml (list "a")) }}`, "error calling indent: the result is too large; at most 8 MiB are allowed"},
		"nindent":                          {`a: {{ nindent -1 "a" }}`, "nindent -1: want 0 or more, and no more than 1 MiB of blanks"},
		"a wide format":                    {`# {{ printf "%1000000000d" 1 }}`, "printf: the result could be too large"},
		"a wide format, many times":        {`# {{ printf (repeat 1000 "%999999d") 1 }}`, "printf: the result could be too large"},
		"a width that is an argument":      {`# {{ printf (repeat 100 "%[1]*[2]d") 999999 1 }}`, "printf: the result could be too large"},
		"an argument, many times":          {`# {{ printf (repeat 1000 "%[1]s") ` + long + ` }}`, "printf: the result could be too large"},
		"a long text for nothing":          {`# {{ replace "" ` + long + " " + long + ` }}`, "replace: the result could be too large"},
		"a wrap with a long line":          {`# {{ wrapWith 1 (repeat 60000 "x") (repeat 60000 "x") }}`, "wrapWith: the result could be too large"},
		"a text split at nothing":          {`# {{ splitList "" ` + long + ` }}`, "splitList: 1000002 parts; at most 300000 are allowed"},
		"a list with many to compare":      {`# {{ uniq (until 100000) }}`, "error calling uniq: " + endless},
		"a long pattern":                   {`# {{ regexMatch (repeat 1001 "a") "a" }}`, "regexMatch: the pattern has 1001 bytes; at most 1000 are allowed"},
		"a pattern with much to try":       {`# {{ regexMatch "` + pattern + `" ` + long + ` }}`, "error calling regexMatch: " + endless},
		"a pattern with a long replacing":  {`# {{ regexReplaceAll "" ` + long + ` (repeat 1000 "$0") }}`, "regexReplaceAll: the result could be too large"},
		"a long version":                   {`# {{ semver ` + long + ` }}`, "semver: 1000000 bytes; at most 65536 are allowed"},
		"a pattern that is compiled often": {"{{ range until 100000 }}\n{{ $_ := regexMatch `(((x{1,10}){1,10}){1,10})` `a` }}{{ end }}", "line 2 {{regexMatch `(((x{1,10}){1,10}){1,10})` `a`}}: error calling regexMatch: " + endless},
		"a pattern that is wrong, often":   {`{{ range until 100000 }}{{ $_ := regexMatch (repeat 990 "(") "a" }}{{ end }}`, "error calling regexMatch: " + endless},
		"many characters to trim":          {`# {{ trimAll (cat (repeat 500000 "é") "a") ` + long + ` }}`, "error calling trimAll: " + endless},
		"an action with many operands":     {"\n{{ range until 100000 }}{{ $_ := and " + strings.Repeat("1 ", 200) + "}}{{ end }}", "line 2 {{range until 100000}}: " + endless},
		"a condition with many operands":   {"\n{{ range until 100000 }}{{ if and " + strings.Repeat("1 ", 200) + "}}{{ end }}{{ end }}", "line 2 {{range until 100000}}: " + endless},
		"long texts that are compared":     {"{{ $a := " + long + " }}{{ $b := " + long + " }}{{ range until 90000 }}{{ if eq $a $b }}{{ end }}{{ end }}", "line 1 {{range until 90000}}: " + endless},
		"lists that are compared":          {"{{ $x := list }}{{ range until 1000 }}{{ $x = append $x (list (until 250) .) }}{{ end }}# {{ uniq $x }}", "error calling uniq: " + endless},
		"deep actions that call":           {"{{ define `a` }}" + strings.Repeat("{{ if true }}", 3000) + "{{ template `a` }}" + strings.Repeat("{{ end }}", 3000) + "{{ end }}{{ template `a` }}", "templates call each other too deep; at most 50000 actions may be in each other"},
		"blanks that are written later":    {`{{ $x := toYaml (list "a" "b") }}metadata: {{ range 1000 }}{{ indent 100000 $x }}{{ end }}`, "error calling indent: the template makes too many values"},
		"a long text that is printed":      {"{{ $x := " + long + " }}metadata: {annotations: {a: \"\n{{ range 120 }}{{ $x }}{{ end }}\"}}", "line 2 {{$x}}: the values that are printed are too large; at most 16 MiB are allowed"},
		"lines that are indented":          {"{{ $x := toYaml (until 90000) }}metadata:\n  annotations:\n    a: |\n      x\n" + strings.Repeat(" ", 9000) + "{{ $x }}\n", "line 5 {{$x}}: the values that are printed are too large; at most 16 MiB are allowed"},
		"what is usual": {`{{ range until 3 }}# {{ . }}{{ repeat 2 "a" }}{{ seq 3 }}{{ indent 2 "a" }}{{ printf "%s-%05d" "x" . }}{{ replace "a" "b" "abc" }}
{{ end }}{{ range untilStep 3 0 -1 }}# {{ . }}{{ break }}
{{ end }}# {{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}{{ uniq (list 1 1) }}{{ splitList "," "a,b" }}`, ""},
		"a template that is called often": {"{{ define `a` }}{{ end }}{{ range until 5000 }}{{ template `a` . }}{{ continue }}{{ end }}", ""},
		"a list that is collected":        {"{{ $x := list }}{{ range until 20000 }}{{ $x = list $x . }}{{ end }}# {{ union $x | len }}", ""},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			compiled, err := compile("bounded", c.text, &Profile{})
			if err == nil {
				_, err = compiled.render(nil, nil)
			}
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got the error %q, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got the error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestLargePodsFit: the shipped profile injects pods with thousands of containers.
func TestLargePodsFit(t *testing.T) {
	engine := mustEngine(t, Options{})
	for name, container := range map[string]string{
		"containers without anything": `{"name":"c%[1]d","image":"i"}`,
		"containers with a port":      `{"name":"c%[1]d","image":"i","ports":[{"containerPort":%[1]d}]}`,
		"containers with probes":      `{"name":"c%[1]d","image":"i","ports":[{"containerPort":%[1]d}],"livenessProbe":{"httpGet":{"port":%[1]d}},"readinessProbe":{"httpGet":{"port":%[1]d}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var all []string
			for len(all) < 8000 {
				all = append(all, fmt.Sprintf(container, 20000+len(all)))
			}
			pod, err := strictyaml.DecodeObject([]byte(`{"metadata":{"name":"p"},"spec":{"containers":[` + strings.Join(all, ",") + `]}}`))
			if err != nil {
				t.Fatal(err)
			}
			mustInject(t, engine, pod)
		})
	}
}

// TestDoneEndsATemplate: a template for whose output nobody waits is not executed to its end.
func TestDoneEndsATemplate(t *testing.T) {
	compiled, err := compile("ended", "{{ range until 3 }}{{ end }}", &Profile{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	if _, err := compiled.render(nil, done); err != nil {
		t.Error(err)
	}
	close(done)
	if _, err := compiled.render(nil, done); !errors.Is(err, ErrEnded) {
		t.Errorf("got the error %v, want %v", err, ErrEnded)
	}
}
