package param_test

import (
	"strings"
	"unicode/utf8"
)

// harmless is a value that means nothing to YAML. It stands for the hostile ones in what is wanted of them.
const harmless = "Harmless"

// hostile are values that mean something to YAML somewhere, or nearly do.
func hostile() []string {
	return []string{
		"", " ", "\t", "\n", "\n\n", " x", "x ", "\tx", "x\t", "a b", "a  b", "\nx", "x\n", "x\n\n", "\n x", " \nx", "    \nx",
		"a\nb", "a\n\nb", "a \n b", "a\n  b", "a\tb", "a\n\tb", "a\rb", "a\r\nb", "a\u0085b", "a\u2028b", "a\u2029b",
		"a\u2028- b: c", "a\u0085evil: x", "\u0085evil: x", "\u2028", "\ufeff", "\ufeffx", "x\ufeff", "\x00", "a\x00b", "\x1b[0m", "\x7f",
		"\u0080", "\u009f", "\ufffe", "\uffff", "\ufffd", "\u00a0", "ü", "日本", "😀", "\u200b", "\u202e",
		"'", "''", "'''", `"`, `""`, `\`, `\\`, `\"`, `\n`, `\x41`, `"\`, `'x'`, `"x"`, `x"`, `x'`, `", "evil": "x`, `', 'evil': 'x`,
		"\"\nevil: x", "'\nevil: x", "x\nevil: x", "x\n  evil: x", "x\n- evil", "x\n---\nevil: x", "\n---\n", "\n...\n", "x\n# y",
		"\n    command: [sh]", "\n                                evil: x",
		"#", "# x", "x # y", "x #", "x#y", "#x", ":", ": ", "x:", "x: ", "x: y", "x:y", ":x", " : ", "a:\tb", "x:\ny",
		"-", "- ", "- x", "-x", "--", "---", "--- x", "---x", "...", "... x", "..", ".", "?", "? ", "? x", "?x", ",", ", x", "x, y", "x,y",
		"[", "]", "[]", "[x", "x]", "[x]", "{", ", nil}", "{}", "{x", "x}", "{x: y}", "x}, evil: {", "], evil: [", "{{.x}}", "{{", "$(X)",
		"&", "&x", "& x", "*", "*x", "* x", "!", "!x", "!!int 3", "!!binary x", "!<x> y", "|", "|-", "|\n x", ">", ">-", ">\n x", "%", "%x", "%YAML 1.1",
		"@", "@x", "`", "`x`", "<<", "<<: *x", "=", "~", "null", "Null", "NULL", "nULL", "nu", "ll", "true", "True", "TRUE", "false", "yes", "Yes",
		"no", "NO", "on", "off", "Off", "y", "Y", "n", "N", "0", "1", "-1", "+1", "-0", "00", "010", "08", "0o7", "0x10", "-0x10", "0b11", "1_000",
		"1.0", "1.", ".5", "1e3", "1E3", "1e+06", "1.5e-7", "e5", "1e", "1e999", "99999999999999999999", ".inf", "-.inf", ".NaN", ".nan", "12:30", "12:30:45",
		"2001-01-01", "2001-01-01T00:00:00Z", "2001-12-14 21:59:43.1", "<no value>", "http://x/#y", "a/b:c", "a@sha256:0", "--x=y", "100m", "64Mi",
		"x\x80y", strings.Repeat("x", 2000), strings.Repeat("x y", 700), "$patch", "$patch: replace", "__proto__",
	}
}

// place is where a value may stand in a template.
type place struct {
	template string
	// refuses says that not all strings can stand there; nil: all that are UTF-8 can.
	refuses func(v string) bool
}

func notUTF8(v string) bool { return !utf8.ValidString(v) }

// places are all kinds of places, some of them several times.
func places() map[string]place {
	lines := func(v string) bool { return v != "" }
	return map[string]place{
		"a plain value":                           {"a: {{.v}}\nend-of-it: 1", nil},
		"the last plain value":                    {"end-of-it: 1\na: {{.v}}", nil},
		"a plain value among blanks":              {"a: {{if .yes}} {{.v}} {{else}} 1 {{end}}\nend-of-it: 1", nil},
		"a plain value before a comment":          {"a: {{.v}} # x\nend-of-it: 1", nil},
		"a plain value in a list":                 {"a:\n- {{.v}}\n- z", nil},
		"a plain value in a list in a list":       {"a:\n- - {{.v}}\n  - y\n- z", nil},
		"a plain value in a flow sequence":        {"a: [{{.v}}, z]\nend-of-it: 1", nil},
		"a plain value in a flow mapping":         {"a: {b: {{.v}}, c: z}\nend-of-it: 1", nil},
		"a plain value in flow lines":             {"a: {\n  b: {{.v}},\n  c: z,\n}\nend-of-it: 1", nil},
		"a plain value with a tag":                {"a: !!str {{.v}}\nend-of-it: 1", nil},
		"a value that was quoted":                 {"a: {{.v | quote}}\nend-of-it: 1", nil},
		"a value that was quoted once":            {"a: {{.v | squote}}\nend-of-it: 1", nil},
		"a value as JSON":                         {"a: {{toJson .v}}\nend-of-it: 1", nil},
		"a value as YAML":                         {"a: {{toYaml .v}}\nend-of-it: 1", nil},
		"a list as YAML":                          {"a:\n  {{- toYaml (list .v .v) | nindent 2}}\nend-of-it: 1", nil},
		"a list as YAML in the lines that follow": {"a:{{- toYaml (list .v .v) | nindent 2}}\nend-of-it: 1", nil},
		"a map as YAML":                           {"a:\n  before-it: 1\n  {{- toYaml (dict .v .v) | nindent 2}}\n  behind-it: 1\nend-of-it: 1", nil},
		"a map as YAML at the start of a line":    {"a:\n{{toYaml (dict .v (list .v)) | indent 2}}\nend-of-it: 1", nil},
		"a map as JSON":                           {"a: {{toJson (dict .v .v)}}\nend-of-it: 1", nil},
		"a key":                                   {"{{.v}}: x\nend-of-it: 1", nil},
		"a key in a list":                         {"- {{.v}}: x\n  end-of-it: 1", nil},
		"a key in a flow mapping":                 {"a: { {{.v}}: x, end-of-it: 1}", nil},
		"a key that was quoted":                   {"{{quote .v}}: x\nend-of-it: 1", nil},
		"double quotes":                           {"a: \"{{.v}}\"\nend-of-it: 1", nil},
		"double quotes with more":                 {"a: \"x'{{.v}}{{.v}} y\"\nend-of-it: 1", nil},
		"double quotes over lines":                {"a: \"x\n{{.v}}.\n  {{.v}}.\n  y\"\nend-of-it: 1", nil},
		"a key in double quotes":                  {"\"{{.v}}\": x\nend-of-it: 1", nil},
		"double quotes in a flow mapping":         {"a: {\"b\":\"{{.v}}\",\"c\":1}\nend-of-it: 1", nil},
		"single quotes":                           {"a: '{{.v}}'\nend-of-it: 1", nil},
		"single quotes with more":                 {"a: 'x\"\\ ''{{.v}}'' y'\nend-of-it: 1", nil},
		"single quotes over lines":                {"a: 'x\n\n{{.v}}.\n  y'\nend-of-it: 1", nil},
		"single quotes that an action prints":     {"a: {{\"'\"}}x{{.v}}y'\nend-of-it: 1", nil},
		"a key in single quotes":                  {"'{{.v}}': x\nend-of-it: 1", nil},
		"a block scalar":                          {"a: |\n  x\n  {{.v}}\n  y\nend-of-it: 1", nil},
		"a block scalar in a list":                {"a:\n- |+\n    x\n    {{.v}}.\n- z", nil},
		"a line of a block scalar":                {"a: |\n    x=\"{{.v}}\", 'y'\n    z\nend-of-it: 1", nil},
		"a block scalar of given indentation":     {"a: |2\n    {{.v}}.\n  y\nend-of-it: 1", nil},
		"the beginning of a block scalar":         {"a: |\n    {{.v}}\n    y\nend-of-it: 1", nil},
		"the whole of a block scalar":             {"a: |-\n    {{.v}}\nend-of-it: 1", nil},
		"a folded block scalar":                   {"a: >\n  x\n  {{.v}}.\n  y\nend-of-it: 1", nil},
		"a part of a plain value":                 {"a: --x={{.v}}\nend-of-it: 1", nil},
		"the middle of a plain value":             {"a: x-{{.v}}-y # x\nend-of-it: 1", nil},
		"a part behind a blank":                   {"a: x {{.v}} y\nend-of-it: 1", nil},
		"a part behind a colon":                   {"a: x:{{.v}}\nend-of-it: 1", nil},
		"the first part of a plain value":         {"a: {{.v}}/x\nend-of-it: 1", nil},
		"nothing but parts":                       {"a: {{.v}}{{.v}}\nend-of-it: 1", nil},
		"parts with colons":                       {"a: {{.v}}:{{.v}}\nend-of-it: 1", nil},
		"a part of a flow value":                  {"a: [x{{.v}}, {{.v}}w]\nend-of-it: 1", nil},
		"a part of a key":                         {"x{{.v}}: y\nend-of-it: 1", nil},
		"the first part of a key":                 {"{{.v}}x: y\nend-of-it: 1", nil},
		"a part behind a dash":                    {"a:\n- -{{.v}}\n- z", nil},
		"a value that goes on":                    {"a: {{.v}}\n  x\nend-of-it: 1", nil},
		"a line that goes on":                     {"a: x\n  {{.v}}.\nend-of-it: 1", nil},
		"a line of its own":                       {"a:\n  {{.v}}\nend-of-it: 1", lines},
		"a comment":                               {"# {{.v}}\na: x # {{.v}}\nend-of-it: 1", nil},
	}
}
