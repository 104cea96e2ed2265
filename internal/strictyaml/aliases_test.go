package strictyaml

import (
	"fmt"
	"strings"
	"testing"
)

// bomb is a text in which each level has the one before so many times.
func bomb(levels, times int) string {
	text := "a0: &a0 [" + strings.Repeat("x,", times) + "]\n"
	for i := 1; i <= levels; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), times))
	}
	return text
}

func TestCheckAliases(t *testing.T) {
	long := "&x " + strings.Repeat("x", 1<<20)
	const refused = "its aliases stand for more than 4 MiB of YAML"
	for sentence, c := range map[string]struct{ text, want string }{
		"no alias":                       {"a: & * b\n", ""},
		"aliases of what is small":       {"a: &a {b: c}\nb: [*a, *a]\nc: {<<: *a, d: *a}\n", ""},
		"one of what is large":           {"a: " + long + "\nb: *x\n", ""},
		"many of what is large":          {"a: " + long + "\nb:\n- *x\n- *x\n- *x\n- *x\n- *x\n", "line 6: " + refused},
		"aliases of aliases":             {bomb(9, 9), "line 6: " + refused},
		"merged keys":                    {"a: &a {b: " + long + "}\nb: [{<<: *a},\n{<<: *a},\n{<<: *a},\n{<<: *a}]\n", "line 5: " + refused},
		"an alias within itself":         {"a: &a [*a]\n", ""},
		"in a document behind the first": {"a: b\n---\n" + bomb(9, 9), "line 8: " + refused},
		"no YAML":                        {"a: &a [*a\n", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := ""
			if err := CheckAliases([]byte(c.text)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("error %q, want %q", got, c.want)
			}
		})
	}
}

func TestAliasesAreCheckedBeforeDecoding(t *testing.T) {
	const want = "line 7: its aliases stand for more than 4 MiB of YAML"
	text := []byte("\n" + bomb(9, 9))
	if _, err := ToJSON(text); err == nil || err.Error() != want {
		t.Errorf("ToJSON: error %v, want %s", err, want)
	}
	if err := ReadKnown(text, new(any)); err == nil || err.Error() != want {
		t.Errorf("ReadKnown: error %v, want %s", err, want)
	}
}
