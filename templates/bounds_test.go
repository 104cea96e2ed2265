package templates

import (
	"strings"
	"testing"
)

// TestBounds: a template that would take all memory is an error.
func TestBounds(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"a range that writes for ever": {"{{ range 1000000000 }}# line\n{{ end }}", "the output is longer than 1 MiB: does a range have an end?"},
		"a template that calls itself": {`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`, "exceeded maximum template depth (100000)"},
		"until":                        {"{{ range until 1000000000 }}{{ end }}", "until 1000000000: want at most 100000"},
		"untilStep":                    {"{{ range untilStep 0 1000000000 2 }}{{ end }}", "untilStep 0 1000000000 2: want at most 100000 elements"},
		"seq":                          {"# {{ seq 1000000000 }}", "seq: 1000000000: want at most 100000"},
		"repeat":                       {`# {{ repeat 1000000000 "ab" }}`, "repeat 1000000000: want 0 or more, and no more than 1 MiB of text"},
		"indent":                       {`# {{ indent 1000000000 "a" }}`, "indent 1000000000: want 0 or more, and no more than 1 MiB of blanks"},
		"nindent":                      {`a: {{ nindent -1 "a" }}`, "nindent -1: want 0 or more, and no more than 1 MiB of blanks"},
		"what is usual": {`{{ range until 3 }}# {{ . }}{{ repeat 2 "a" }}{{ seq 3 }}{{ indent 2 "a" }}
{{ end }}{{ range untilStep 3 0 -1 }}# {{ . }}
{{ end }}`, ""},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			compiled, err := compile("bounded", c.text, &Hooks{})
			if err == nil {
				_, err = compiled.render(nil)
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
