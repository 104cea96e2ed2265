package nulls

import "testing"

func TestFind(t *testing.T) {
	cases := map[string]struct {
		object map[string]any
		want   string
	}{
		"nothing":                   {nil, ""},
		"a key without a value":     {map[string]any{"a": nil}, ""},
		"an element":                {map[string]any{"a": []any{"x", nil}}, "a[1]"},
		"an element of a list deep": {map[string]any{"a": map[string]any{"b": []any{map[string]any{"c": []any{nil}}}}}, "a.b[0].c[0]"},
		"the first of two":          {map[string]any{"b": []any{nil}, "a": []any{[]any{}, []any{nil}}}, "a[1][0]"},
	}
	for sentence, c := range cases {
		if got := Find(c.object); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}
