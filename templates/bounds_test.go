package templates

import (
	"errors"
	"fmt"
	"strings"
	"testing"
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
		"a range that writes for ever":    {"a: b\n{{ range 1000000000 }}# line\n{{ end }}", `line 2 {{range 1000000000}}: the output is longer than 1 MiB: does a range have an end?`},
		"a range that does nothing":       {"\n\n{{ range 1000000000 }}{{ end }}", "line 3 {{range 1000000000}}: " + endless},
		"a range that only calls":         {"\n{{ range 1000000000 }}{{ $_ := add 1 2 }}{{ end }}", "line 2"},
		"ranges in each other":            {"{{ range 10000 }}\n{{ range 10000 }}\n{{ range 10000 }}{{ end }}{{ end }}{{ end }}", "line 3 {{range 10000}}: " + endless},
		"a body with a thousand nodes":    {"{{ range 1000000000 }}" + strings.Repeat("{{ if true }}{{ end }}", 1000) + "{{ end }}", endless},
		"a template that calls itself":    {`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`, `line 1 {{template "a"}}: ` + recursion},
		"templates that call each other":  {"{{ define `a` }}{{ template `b` . }}{{ end }}\n{{ define `b` }}{{ template `a` . }}{{ end }}{{ template `a` . }}", recursion},
		"templates that call twice":       {manyCalls(40), "does a range have an end?"},
		"templates that hold much":        {"{{ define `a` }}{{ $x := " + long + " }}{{ template `a` . }}{{ end }}{{ template `a` . }}", values},
		"a text that doubles":             {fmt.Sprintf(doubling, "cat $x $x"), "line 2"},
		"a text that doubles, printed":    {fmt.Sprintf(doubling, "print $x $x"), "the result is too large"},
		"a text that doubles, formatted":  {fmt.Sprintf(doubling, "printf `%s%s` $x $x"), "printf: the result could be too large; at most 8 MiB are allowed"},
		"a text that doubles, replaced":   {fmt.Sprintf(doubling, "replace `a` `aa` $x"), "replace: the result could be too large"},
		"a text that doubles, quoted":     {fmt.Sprintf(doubling, "quote $x"), "line 2"},
		"a text that doubles, as JSON":    {fmt.Sprintf(doubling, "toJson (list $x $x)"), "line 2"},
		"a list that doubles":             {fmt.Sprintf(collected, "list $x $x `x`"), "line 2"},
		"a list that doubles, joined":     {fmt.Sprintf(collected, "concat $x $x (list 1)"), "line 2"},
		"a map that doubles":              {"{{ $x := dict }}{{ range until 100 }}{{ $x = dict `a` $x `b` $x }}{{ end }}", "the result is too large"},
		"a list that gets deep":           {"{{ $x := list }}{{ range until 1000 }}{{ $x = list $x }}{{ end }}{{ toJson $x }}", "got lists or maps that are 1000 deep; at most 100 may be in each other"},
		"a deep list, printed":            {"{{ $x := list }}{{ range until 1000 }}{{ $x = list $x }}{{ end }}a: {{ $x }}", "at most 100 may be in each other"},
		"many long texts":                 {"{{ $x := list }}{{ range until 1000 }}{{ $x = list $x " + long + " }}{{ end }}", "the result is too large; at most 8 MiB are allowed"},
		"until":                           {"{{ range until 1000000000 }}{{ end }}", "until 1000000000: want at most 100000"},
		"untilStep":                       {"{{ range untilStep 0 1000000000 2 }}{{ end }}", "untilStep 0 1000000000 2: want at most 100000 elements"},
		"untilStep over all integers":     {"{{ range untilStep -9223372036854775800 9223372036854775800 1 }}{{ end }}", "want at most 100000 elements"},
		"seq":                             {"# {{ seq 1000000000 }}", "seq: 1000000000: want at most 100000"},
		"repeat":                          {`# {{ repeat 1000000000 "ab" }}`, "repeat 1000000000: want 0 or more, and no more than 1 MiB of text"},
		"indent":                          {`# {{ indent 1000000000 "a" }}`, "indent 1000000000: want 0 or more, and no more than 1 MiB of blanks"},
		"indent of YAML":                  {`a:{{ indent 1000000000 (toYaml (list "a")) }}`, "a block of YAML cannot stand in the middle of text"},
		"nindent":                         {`a: {{ nindent -1 "a" }}`, "nindent -1: want 0 or more, and no more than 1 MiB of blanks"},
		"a wide format":                   {`# {{ printf "%1000000000d" 1 }}`, "printf: the result could be too large"},
		"a wide format, many times":       {`# {{ printf (repeat 1000 "%999999d") 1 }}`, "printf: the result could be too large"},
		"a width that is an argument":     {`# {{ printf (repeat 100 "%[1]*[2]d") 999999 1 }}`, "printf: the result could be too large"},
		"an argument, many times":         {`# {{ printf (repeat 1000 "%[1]s") ` + long + ` }}`, "printf: the result could be too large"},
		"a long text for nothing":         {`# {{ replace "" ` + long + " " + long + ` }}`, "replace: the result could be too large"},
		"a wrap with a long line":         {`# {{ wrapWith 1 (repeat 60000 "x") (repeat 60000 "x") }}`, "wrapWith: the result could be too large"},
		"a text split at nothing":         {`# {{ splitList "" ` + long + ` }}`, "splitList: 1000002 parts; at most 300000 are allowed"},
		"a list with many to compare":     {`# {{ uniq (until 100000) }}`, "uniq: 10000000000 comparisons; at most 4000000 are allowed"},
		"a long pattern":                  {`# {{ regexMatch (repeat 1001 "a") "a" }}`, "regexMatch: the pattern has 1001 bytes; at most 1000 are allowed"},
		"a pattern with much to try":      {`# {{ regexMatch "` + pattern + `" ` + long + ` }}`, "regexMatch: a pattern of"},
		"a pattern with a long replacing": {`# {{ regexReplaceAll "" ` + long + ` (repeat 1000 "$0") }}`, "regexReplaceAll: the result could be too large"},
		"a long version":                  {`# {{ semver ` + long + ` }}`, "semver: 1000000 bytes; at most 65536 are allowed"},
		"what is usual": {`{{ range until 3 }}# {{ . }}{{ repeat 2 "a" }}{{ seq 3 }}{{ indent 2 "a" }}{{ printf "%s-%05d" "x" . }}{{ replace "a" "b" "abc" }}
{{ end }}{{ range untilStep 3 0 -1 }}# {{ . }}{{ break }}
{{ end }}# {{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}{{ uniq (list 1 1) }}{{ splitList "," "a,b" }}`, ""},
		"a template that is called often": {"{{ define `a` }}{{ end }}{{ range until 5000 }}{{ template `a` . }}{{ continue }}{{ end }}", ""},
		"a list that is collected":        {"{{ $x := list }}{{ range until 20000 }}{{ $x = list $x . }}{{ end }}# {{ union $x | len }}", ""},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			compiled, err := compile("bounded", c.text, &Hooks{})
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

// TestDoneEndsATemplate: a template for whose output nobody waits is not executed to its end.
func TestDoneEndsATemplate(t *testing.T) {
	compiled, err := compile("ended", "{{ range until 3 }}{{ end }}", &Hooks{})
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
