package strictyaml

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// settings has a field of each kind.
type settings struct {
	Name   string            `json:"name"`
	Ports  []int             `json:"ports"`
	Labels map[string]string `json:"labels"`
	Rules  []struct {
		Key string `json:"key"`
	} `json:"rules"`
}

func TestRead(t *testing.T) {
	const fields = "want one of name, ports, labels, rules"
	cases := map[string]struct {
		text string
		want *Error
	}{
		"a blank":                            {"\n", &Error{"", 0, nothing, ""}},
		"a comment":                          {"# nothing\n", &Error{"", 0, nothing, ""}},
		"null":                               {"~", &Error{"", 0, nothing, ""}},
		"an empty object":                    {"{}", nil},
		"a field that is null":               {"name: a\nports:", &Error{"ports", 2, "ports is null: leave it out, or give it a value", ""}},
		"a field further down that is null":  {"rules:\n- key: ~", &Error{"rules[0].key", 2, "rules[0].key is null: leave it out, or give it a value", ""}},
		"all fields":                         {"name: a\nports: [1]\nlabels: {a: b}\nrules: [{key: a}]", nil},
		"JSON":                               {`{"name": "a"}`, nil},
		"a document behind an empty one":     {"# first\n---\nname: a\n", nil},
		"an unknown field":                   {"ports: []\nnaem: a", &Error{"naem", 2, `unknown field "naem" (did you mean "name"?), ` + fields, "name"}},
		"an unknown field like no other":     {"\n\nx: a", &Error{"x", 3, `unknown field "x", ` + fields, ""}},
		"an unknown field of a list's":       {"rules:\n- key: a\n- kye: b", &Error{"rules[1].kye", 3, `unknown field "rules[1].kye" (did you mean "key"?), want one of key`, "key"}},
		"a value of a wrong type":            {"name: a\nports: 80", &Error{"ports", 2, "ports: got a number, want a list", ""}},
		"the whole of a wrong type":          {"- a", &Error{"", 0, "got a list, want an object", ""}},
		"a key that stands twice":            {"name: a\nports: []\nname: b", &Error{"name", 3, `key "name" already set in map`, ""}},
		"one further down":                   {"rules:\n- key: a\n- key: a\n  key: b", &Error{"rules[1].key", 4, `key "key" already set in map`, ""}},
		"no YAML":                            {"name: a\nports: [", &Error{"", 2, "did not find expected node content", ""}},
		"no YAML behind an empty document":   {"# first\n---\nname: a\nports: [", &Error{"", 4, "did not find expected node content", ""}},
		"no YAML, with the lines of Windows": {"# first\r\n---\r\nname: a\r\nports: [", &Error{"", 4, "did not find expected node content", ""}},
		"an anchor that is not there":        {"name: *a", &Error{"", 0, "unknown anchor 'a' referenced", ""}},
		"two documents":                      {"name: a\n---\nname: b", &Error{"", 0, "there is more than one document, want one", ""}},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var into settings
			got, ok := errors.AsType[*Error](Read([]byte(c.text), &into))
			if diff := cmp.Diff(c.want, got); ok != (c.want != nil) || diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoText(t *testing.T) {
	into := settings{Name: "a"}
	if err := Read(nil, &into); err != nil || into.Name != "a" {
		t.Errorf("name %q, error %v", into.Name, err)
	}
	if object, err := Object(nil); err != nil || object == nil || len(object) > 0 {
		t.Errorf("object %v, error %v", object, err)
	}
	if _, err := Object([]byte(" ")); err == nil || err.Error() != nothing {
		t.Errorf("a blank: error %v", err)
	}
}

func TestReadKnown(t *testing.T) {
	var into settings
	if err := ReadKnown([]byte("future: 1\nname: a\nname: b"), &into); err != nil || into.Name != "b" {
		t.Errorf("name %q, error %v", into.Name, err)
	}
	err := ReadKnown([]byte("future: 1\nname: [a]"), &into)
	if want := "line 2: name: got a list, want a string"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	err = ReadKnown([]byte("name: ["), &into)
	if want := "line 1: did not find expected node content"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestObject(t *testing.T) {
	got, err := Object([]byte("a: 1\nb: 2.5\nc: {d: 80.0}"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": int64(1), "b": 2.5, "c": map[string]any{"d": int64(80)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := Object([]byte("- a")); err == nil || err.Error() != "is a list, want an object" {
		t.Errorf("a list: error %v", err)
	}
}

func TestFind(t *testing.T) {
	root := Root([]byte("a: 1\nb:\n  c.d: [x, {e: 2}]\n  f: {}\n"))
	cases := map[string]struct {
		line, column int
		rest         string
	}{
		"a":              {1, 1, ""},
		"b":              {2, 1, ""},
		"b.c.d":          {3, 3, ""},
		"b.c.d[0]":       {3, 9, ""},
		"b.c.d[1].e":     {3, 13, ""},
		"b.c.d[1].x.y":   {3, 12, "x.y"},
		"b.c.d[2].x":     {3, 3, "[2].x"},
		"b.c.d[-1]":      {3, 3, "[-1]"},
		"b.c.d[18446744": {3, 3, "[18446744"},
		"b.f.g":          {4, 3, "g"},
		"x":              {0, 0, "x"},
		"":               {0, 0, ""},
	}
	for path, want := range cases {
		line, column, rest := Find(root, path)
		if line != want.line || column != want.column || rest != want.rest {
			t.Errorf("%q: %d:%d, rest %q; want %d:%d, rest %q", path, line, column, rest, want.line, want.column, want.rest)
		}
	}
	if line, _, rest := Find(nil, "a"); line != 0 || rest != "a" {
		t.Errorf("below nothing: line %d, rest %q", line, rest)
	}
}
