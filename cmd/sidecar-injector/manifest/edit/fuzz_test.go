package edit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// checkSeed makes a text and a change of it, and checks what must hold of any. It says whether the text was edited and
// not written anew.
func checkSeed(t *testing.T, seed uint64) bool {
	t.Helper()
	r := newRandom(seed)
	made := r.object(4)
	made["apiVersion"], made["kind"] = "v1", "A"
	raw := r.document(made)
	before := object(t, raw)
	same, err := Apply([]byte(raw), before, object(t, raw))
	if err != nil || string(same) != raw {
		t.Fatalf("seed %d: no change, but the text changed (%v):\n%s", seed, err, cmp.Diff(raw, string(same)))
	}
	after := r.changed(before, 2).(map[string]any)
	after["apiVersion"], after["kind"] = "v1", "A"
	text, err := Apply([]byte(raw), before, after)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if !equal(object(t, string(text)), after) {
		t.Fatalf("seed %d: decoded (-want +got):\n%s", seed, cmp.Diff(after, object(t, string(text))))
	}
	if !equal(before, object(t, raw)) {
		t.Fatalf("seed %d: before was changed", seed)
	}
	_, ok := edited([]byte(raw), before, after)
	if !ok && testing.Verbose() {
		spliced, err := splice([]byte(raw), before, after, true)
		t.Logf("seed %d: written anew (%v):\n--- raw\n%s--- spliced\n%s--- want\n%v", seed, err, raw, spliced, after)
	}
	return ok
}

func TestAnyChangeOfAnyTextDecodesToWhatIsWanted(t *testing.T) {
	const seeds = 3000
	anew := 0
	for seed := range uint64(seeds) {
		if !checkSeed(t, seed) {
			anew++
		}
	}
	if anew > 0 {
		t.Errorf("%d of %d texts were written anew, want none; -v shows them", anew, seeds)
	}
}

// oddities are what makes a text odd when it is put somewhere.
var oddities = []string{
	" ", "\n", "\r\n", "\r", "\t", "#", " # x", ":", ": ", "-", "- ", "? ", "&a ", "*a", "!!str ", "!x ", "|", ">", "'", "\"", "{", "}", "[", "]",
	",", "<<: ", "...\n", "---", "\u2028", "\u0085", "\ufeff", "\\", "%", "@", "~", "y: ", "0", "\n\n", "    ", "+",
}

func TestOddTextsEndInNothingWrong(t *testing.T) {
	read := 0
	for seed := range uint64(20000) {
		r := newRandom(seed)
		made := r.object(3)
		made["apiVersion"], made["kind"] = "v1", "A"
		raw := r.document(made)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(raw) + 1)
			raw = raw[:at] + r.of(oddities) + raw[min(len(raw), at+r.IntN(3)):]
		}
		if applyToAnyText(t, []byte(raw), seed) {
			read++
		}
	}
	if read < 2000 {
		t.Errorf("only %d of the texts could be read", read)
	}
}

// FuzzApply changes any text that can be read: nothing may go wrong, whatever it looks like.
func FuzzApply(f *testing.F) {
	for _, file := range cases(f) {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data, uint64(1))
	}
	f.Fuzz(func(t *testing.T, raw []byte, seed uint64) { applyToAnyText(t, raw, seed) })
}

// applyToAnyText changes a text and checks that it decodes to what was wanted. It says whether the text could be read.
func applyToAnyText(t *testing.T, raw []byte, seed uint64) bool {
	documents, err := manifest.Parse("", raw)
	if err != nil || len(documents) != 1 || documents[0].Object == nil {
		return false
	}
	document := documents[0]
	after := newRandom(seed).changed(document.Object, 2).(map[string]any)
	after["apiVersion"], after["kind"] = "v1", "A"
	text, err := Apply(document.Raw, document.Object, after)
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, raw)
	}
	if !decodesTo(text, after) {
		t.Fatalf("seed %d: decoded to something else:\n%s---\n%s", seed, raw, text)
	}
	return true
}
