package edit

import (
	"math/rand/v2"
	"testing"

	yaml2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

// What stands without quotes is a string to both parsers, and nothing else has quotes because of what it might mean.
func TestPlainTextIsAString(t *testing.T) {
	texts := []string{
		"0", "8080", "08", "010", "0x1F", "0o17", "0b11", "-0b1", "1_000", "1.5", "1.", ".5", "+1", "-1", "1e3", "-1E+3", ".1e-3", "0x1p-2",
		".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".", "..", "-.", "+", "1:30:45", "190:20:30.15", "2001-01-01", "2001-12-14t21:59:43.10-05:00",
		"2001-12-14 21:59:43.10 -5", "2001-12-14T21:59:43Z", "127.0.0.1", "10.0.0.0/8", "64Mi", "100m", "1.2.3", "--port", "-x", "$(NAME)", "(a)",
		"99999999999999999999", "1e999", "0.", "-", "123abc", "0xzz", "1 2", "12e", "--1", "1__0", "0_", "+.5",
	}
	random := rand.New(rand.NewPCG(1, 2))
	const alphabet = "0123456789..--++:__ eExXoObBtTzZaAnNfFiIpPmM$(/,"
	for range 30_000 {
		text := make([]byte, 1+random.IntN(9))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		texts = append(texts, string(text))
	}
	quoted := 0
	for _, text := range texts {
		if !isPlain(text, false) || letter(text[0]) {
			continue
		}
		var first, later any
		want := yaml2.Unmarshal([]byte(text), &first) == nil && yaml.Unmarshal([]byte(text), &later) == nil &&
			first == any(text) && later == any(text)
		if got := scalarText(text, false) == text; got != want {
			t.Errorf("%q stands without quotes: %t, want %t: the parsers read %#v and %#v", text, got, want, first, later)
		}
		if !want {
			quoted++
		}
	}
	if quoted < 1000 {
		t.Errorf("%d texts need quotes, want at least 1,000", quoted)
	}
}
