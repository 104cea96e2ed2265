package terminal

import (
	"bytes"
	"encoding/json"
	"testing"
)

// hostile is what should not come to a terminal: a title, a bell, a cleared screen, a line overwritten, C1's CSI as a
// character and as a byte, text turned round, and a colour like ours.
const hostile = "p\x1b]0;OWNED\a\x1b[2J\rx\u009b1m\x9b\u202e\x7f\x1b[31m"

func TestWriter(t *testing.T) {
	for sentence, c := range map[string]struct{ text, want string }{
		"plain text":         {"a:\n\tb é ‘c’ 猫 🐈\n", "a:\n\tb é ‘c’ 猫 🐈\n"},
		"what is hostile":    {hostile, `p\x1b]0;OWNED\a\x1b[2J\rx\u009b1m\x9b\u202e\x7f\x1b[31m`},
		"a replacement mark": {"a\ufffdb\xff", `a` + "\ufffd" + `b\xff`},
		"quotes":             {`"a" 'b' \x1b`, `"a" 'b' \x1b`},
		"other line breaks":  {"a\u2028b\u0085c\v\f", `a\u2028b\u0085c\v\f`},
		"characters of none": {"\U000e0001\ue000\ufeff", `\U000e0001\ue000\ufeff`},
	} {
		var out bytes.Buffer
		if n, err := NewWriter(&out).Write([]byte(c.text)); err != nil || n != len(c.text) {
			t.Errorf("%s: wrote %d of %d: %v", sentence, n, len(c.text), err)
		}
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", sentence, out.String(), c.want)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{"a b é": "a b é", "a\n\tb": `a\n\tb`, hostile: `p\x1b]0;OWNED\a\x1b[2J\rx\u009b1m\x9b\u202e\x7f\x1b[31m`, "\ufffd\xff": "\ufffd" + `\xff`} {
		if got := Text(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestStylesOfAWriter: our own colours pass, and none that a text brings along.
func TestStylesOfAWriter(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	styles := Styles{colours: true, token: w.token}
	if _, err := w.Write([]byte(styles.Bad("a\x1b[32mb") + "\x1b[0m")); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[31m" + `a\x1b[32mb` + "\x1b[0m" + `\x1b[0m`; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	value := map[string]string{"a": "p\x1b\u009b\u202e\x7f\U000e0001 é 猫\n"}
	if err := json.NewEncoder(JSON(NewWriter(&out))).Encode(value); err != nil {
		t.Fatal(err)
	}
	if want := `{"a":"p\u001b\u009b\u202e\u007f\udb40\udc01 é 猫\n"}` + "\n"; out.String() != want {
		t.Errorf("%s, want %s", out.String(), want)
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["a"] != value["a"] {
		t.Errorf("read again: %q, %v", back, err)
	}
}

func TestRaw(t *testing.T) {
	var out bytes.Buffer
	if Raw(NewWriter(&out)) != &out || Raw(&out) != &out {
		t.Error("Raw returns another writer")
	}
}
