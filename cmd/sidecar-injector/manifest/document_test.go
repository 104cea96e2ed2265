package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

func TestParseKeepsBytesAndLines(t *testing.T) {
	type document struct {
		Line, Number   int
		Separator, Raw string
		JSON, Object   bool
	}
	cases := map[string]struct {
		data string
		want []document
	}{
		"one document": {
			configMap,
			[]document{{1, 1, "", configMap, false, true}},
		},
		"a separator with a comment, CRLF line ends, no line end at the end": {
			"# head\n--- # Source: a.yaml\r\napiVersion: v1\r\nkind: Service\r\n---\n" + strings.TrimSpace(configMap),
			[]document{
				{1, 1, "", "# head\n", false, false},
				{3, 2, "--- # Source: a.yaml\r\n", "apiVersion: v1\r\nkind: Service\r\n", false, true},
				{6, 3, "---\n", strings.TrimSpace(configMap), false, true},
			},
		},
		"a separator at the end": {
			configMap + "---\n",
			[]document{{1, 1, "", configMap, false, true}, {5, 2, "---\n", "", false, false}},
		},
		"separators one after the other": {
			"---\n---\n" + configMap + "---\n---\n",
			[]document{{3, 1, "---\n---\n", configMap, false, true}, {8, 2, "---\n---\n", "", false, false}},
		},
		"a separator without a line end at the end": {
			configMap + "---",
			[]document{{1, 1, "", configMap, false, true}, {4, 2, "---", "", false, false}},
		},
		"a block scalar with dashes in it": {
			"apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    ---\n    y\n",
			[]document{{1, 1, "", "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    ---\n    y\n", false, true}},
		},
		"JSON, several objects in a row": {
			"{\"apiVersion\":\"v1\",\"kind\":\"A\"}\n {\"apiVersion\":\"v1\",\n\"kind\":\"B\"}\n\n",
			[]document{
				{1, 1, "", "{\"apiVersion\":\"v1\",\"kind\":\"A\"}", true, true},
				{2, 2, "", "\n {\"apiVersion\":\"v1\",\n\"kind\":\"B\"}\n\n", true, true},
			},
		},
		"YAML that begins with a brace": {
			"{apiVersion: v1, kind: A}\n",
			[]document{{1, 1, "", "{apiVersion: v1, kind: A}\n", false, true}},
		},
		"nothing": {"", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			parsed, err := Parse("in.yaml", []byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			var got []document
			for _, d := range parsed {
				got = append(got, document{d.Line, d.Number, string(d.Separator), string(d.Raw), d.JSON, d.Object != nil})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	cases := map[string]struct{ data, want string }{
		"a scanner's error": {
			configMap + "---\na: b\nc: d: e\n",
			"in.yaml:6: broken YAML: mapping values are not allowed in this context",
		},
		"a parser's error": {
			configMap + "---\n# comment\na: [b\nc: d\n",
			`in.yaml:7: broken YAML: did not find expected ',' or ']'`,
		},
		"an error in the first line": {
			"a: b: c\n",
			"in.yaml:1: broken YAML: mapping values are not allowed in this context",
		},
		"a tab": {
			"a:\n\tb: c\n",
			"in.yaml:2: broken YAML: found character that cannot start any token",
		},
		"a field twice": {
			configMap + "---\nkind: A\nkind: B\n",
			`in.yaml:6: broken YAML: key "kind" already set in map`,
		},
		"broken JSON": {
			configMap + "---\n{\"apiVersion\": \"v1\",\n \"kind\": }\n",
			"in.yaml:6: broken JSON: invalid character '}' looking for beginning of value",
		},
		"JSON that ends early": {
			"{\"apiVersion\": \"v1\",\n",
			"in.yaml:2: broken JSON: unexpected EOF",
		},
		"a field twice in JSON": {
			`{"apiVersion":"v1","kind":"A","kind":"B"}`,
			`in.yaml:1 (document 1): duplicate field "kind"`,
		},
		"more JSON than objects": {
			`{"apiVersion":"v1","kind":"A"} 7`,
			"in.yaml:1 (document 2): it is a number, want a Kubernetes object: a mapping with apiVersion and kind",
		},
		"a list": {
			"- a\n",
			"in.yaml:1 (document 1): it is a list, want a Kubernetes object: a mapping with apiVersion and kind",
		},
		"a word": {
			configMap + "---\nhello\n",
			"in.yaml:5 (document 2): it is a string, want a Kubernetes object: a mapping with apiVersion and kind",
		},
		"no kind": {
			"apiVersion: v1\n",
			"in.yaml:1 (document 1): kind is missing, want a string: this is no Kubernetes object",
		},
		"a kind that is no string": {
			"apiVersion: v1\nkind: 5\n",
			"in.yaml:1 (document 1): kind is a number, want a string: this is no Kubernetes object",
		},
		"text after a separator": {
			configMap + "--- {a: b}\n",
			`in.yaml:4: nothing but a comment may follow --- on its line, found "{a: b}"`,
		},
		"a document after the end mark": {
			configMap + "...\n# comment\n" + configMap,
			"in.yaml:6: broken YAML: did not find expected <document start>",
		},
		"a directive": {
			"%YAML 1.2\n---\n" + configMap,
			"in.yaml:1: broken YAML: directives such as %YAML are not read, as kubectl reads none: remove the line",
		},
		"more after the end of a mapping in braces": {
			"{apiVersion: v1, kind: A} 7\n",
			"in.yaml:1: broken YAML: did not find expected <document start>",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("in.yaml", []byte(c.data))
			if err == nil {
				t.Fatalf("no error, want %q", c.want)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
