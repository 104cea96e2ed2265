package edit

import (
	"bytes"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

func TestSafe(t *testing.T) {
	const head = "apiVersion: v1\nkind: A\n"
	for sentence, c := range map[string]struct{ text, want string }{
		"nothing":                   {head + "a: é ‘c’ 猫 👩\u200d🚀  x\r\n", head + "a: é ‘c’ 猫 👩\u200d🚀  x\r\n"},
		"a comment":                 {head + "# a\u202eb # c\na: b # \u200e\n", head + "# a\\u202eb # c\na: b # \\u200e\n"},
		"plain text":                {head + "a: x\u202ey # z\n", head + "a: \"x\\u202ey\" # z\n"},
		"a key":                     {head + "a\u2066: b\n", head + "\"a\\u2066\": b\n"},
		"single quotes":             {head + "a: 'it''s\u200b'\n", head + "a: \"it's\\u200b\"\n"},
		"double quotes":             {head + "a: \"\\t\\x41\u061c\"\n", head + "a: \"\\t\\x41\\u061c\"\n"},
		"double quotes of lines":    {head + "a: \"b\u202e\n  c\"\n", head + "a: \"b\\u202e\n  c\"\n"},
		"a block of lines":          {head + "a: |\n  b\n  c\u202e\nd: e\n", head + "a: \"b\\nc\\u202e\\n\"\nd: e\n"},
		"in brackets":               {head + "a: {b: [c\u202e, d]} # e\n", head + "a: {b: [\"c\\u202e\", d]} # e\n"},
		"with a tag and an anchor":  {head + "a: &b !!str c\u202e\nd: *b\n", head + "a: &b !!str \"c\\u202e\"\nd: *b\n"},
		"beyond the basic plane":    {head + "a: b\U000e0041\n", head + "a: \"b\\U000E0041\"\n"},
		"a mark of the byte order":  {"\ufeff" + head + "a: b\u202e\n", head + "a: \"b\\u202e\"\n"},
		"the same alone":            {"\ufeff" + head + "a: b\n", "\ufeff" + head + "a: b\n"},
		"lines of old Macs":         {"apiVersion: v1\rkind: A\r# b\r", head + "# b\n"},
		"a comment that ends early": {head + "# a\u2028b: c\n# d\u0085e: f\n", head + "# a\nb: c\n# d\ne: f\n"},
		"JSON":                      {"{\"apiVersion\": \"v1\", \"kind\": \"A\",\r \"a\": \"\u202e\x7f\u009b\"}", "{\"apiVersion\": \"v1\", \"kind\": \"A\",\n \"a\": \"\\u202e\\u007f\\u009b\"}"},
	} {
		t.Run(sentence, func(t *testing.T) {
			documents, err := manifest.Parse("", []byte(c.text))
			if err != nil || len(documents) != 1 {
				t.Fatalf("%d documents, error %v", len(documents), err)
			}
			got, err := Safe([]byte(c.text), documents[0].Object)
			if err != nil || string(got) != c.want {
				t.Errorf("%q, error %v, want %q", got, err, c.want)
			}
			if !decodesTo(got, documents[0].Object) {
				t.Error("it means something else")
			}
		})
	}
	if got, err := Safe([]byte("# a\u202e\r# b\n"), nil); err != nil || string(got) != "# a\\u202e\n# b\n" {
		t.Errorf("comments alone: %q, error %v", got, err)
	}
}

// TestAnyTextIsMadeSafe: whatever is unsafe, and wherever it stands, none is left, and the meaning is.
func TestAnyTextIsMadeSafe(t *testing.T) {
	unsafe := []string{"\u202e", "\u2069", "\u200f", "\u061c", "\u2028", "\u0085", "\r", "\u200b", "\ufeff", "\U000e0001", "# \u202d"}
	const seeds = 20000
	read, anew := 0, 0
	for seed := range uint64(seeds) {
		r := newRandom(seed)
		made := r.object(3)
		made["apiVersion"], made["kind"] = "v1", "A"
		raw := r.document(made)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(raw) + 1)
			raw = raw[:at] + r.of(unsafe) + raw[at:]
		}
		documents, err := manifest.Parse("", []byte(raw))
		if err != nil || len(documents) != 1 || documents[0].Object == nil {
			continue
		}
		read++
		safe, err := Safe(documents[0].Raw, documents[0].Object)
		if err != nil || !terminal.IsSafe(bytes.TrimPrefix(safe, []byte("\ufeff"))) || !decodesTo(safe, documents[0].Object) {
			t.Fatalf("seed %d: error %v\n%q\n%q", seed, err, raw, safe)
		}
		if text, err := safeYAML(unixBreaks(documents[0].Raw)); err != nil || !decodesTo(text, documents[0].Object) {
			anew++
		}
	}
	if read < seeds/4 || anew > read/10 {
		t.Errorf("%d of %d texts could be read, and %d of these were written anew", read, seeds, anew)
	}
}

// FuzzSafe makes any text safe that can be read: it means the same.
func FuzzSafe(f *testing.F) {
	for _, text := range []string{"# \u202e\napiVersion: v1\nkind: A\na: |\n  b\u200e\n", "{\"apiVersion\": \"v1\",\r \"kind\": \"A\u202e\"}", "apiVersion: v1\rkind: 'A\u2066'\n'b\u0085c': {d\u2028e: f}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		documents, err := manifest.Parse("", raw)
		if err != nil {
			return
		}
		for _, document := range documents {
			safe, err := Safe(document.Raw, document.Object)
			if err != nil || !terminal.IsSafe(bytes.TrimPrefix(safe, []byte("\ufeff"))) || document.Object != nil && !decodesTo(safe, document.Object) {
				t.Fatalf("error %v\n%q\n%q", err, document.Raw, safe)
			}
		}
	})
}
