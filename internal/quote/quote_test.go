package quote

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	for value, want := range map[string]string{
		"":                            "",
		"a word":                      "a word",
		strings.Repeat("a", 200):      strings.Repeat("a", 200),
		strings.Repeat("a", 201):      strings.Repeat("a", 199) + "… (2 more characters)",
		strings.Repeat("ü☃", 100):     strings.Repeat("ü☃", 100),
		strings.Repeat("ü☃", 1000):    strings.Repeat("ü☃", 99) + "ü… (1801 more characters)",
		strings.Repeat("\xff", 300):   strings.Repeat("\xff", 199) + "… (101 more characters)",
		strings.Repeat("a ", 100_000): strings.Repeat("a ", 99) + "a… (199801 more characters)",
	} {
		if got := Cut(value); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestText(t *testing.T) {
	long := strings.Repeat("a", 5000)
	for sentence, c := range map[string]struct{ message, want string }{
		"a short message":         {`annotation "k": "v" is not allowed`, `annotation "k": "v" is not allowed`},
		"a long sentence":         {strings.Repeat("word ", 60), strings.Repeat("word ", 60)},
		"a long value":            {fmt.Sprintf("annotation %q: %q is not allowed", "k", long), `annotation "k": "` + long[:199] + `…" (4801 more characters) is not allowed`},
		"two of them":             {fmt.Sprintf("%q and %q", long, long), `"` + long[:199] + `…" (4801 more characters) and "` + long[:199] + `…" (4801 more characters)`},
		"a value with quotes":     {fmt.Sprintf("%q!", strings.Repeat(`"`, 300)), `"` + strings.Repeat(`\"`, 199) + `…" (101 more characters)!`},
		"control characters":      {fmt.Sprintf("%q!", strings.Repeat("\x00", 300)), `"` + strings.Repeat(`\x00`, 199) + `…" (101 more characters)!`},
		"quotes of somebody else": {`got "\z` + long + `"`, `got "\\z` + long[:197] + `…" (4803 more characters)`},
		"a value without quotes":  {"field " + long + ": is a list", "field " + long[:199] + "… (4802 more characters) is a list"},
		"a quote that is open":    {`"` + long, `"` + long[:199] + "… (4801 more characters)"},
		"words without end":       {strings.Repeat("a ", 5000), strings.Repeat("a ", 999) + "a…"},
	} {
		got := Text(c.message)
		if got != c.want {
			t.Errorf("%s:\n got %.300s\nwant %.300s", sentence, got, c.want)
		}
		if again := Text(got); again != got || !utf8.ValidString(got) {
			t.Errorf("%s: again it is %.300s", sentence, again)
		}
	}
}
