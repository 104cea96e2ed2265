package packed

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"
)

func TestPackAndUnpack(t *testing.T) {
	for _, text := range []string{"", "{}", strings.Repeat("a line\n", 1000), "\x00\xff"} {
		got, err := Unpack(Pack([]byte(text)))
		if err != nil || string(got) != text {
			t.Errorf("got %q (%v), want %q", got, err, text)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	var bomb bytes.Buffer
	writer := gzip.NewWriter(&bomb)
	if _, err := writer.Write(make([]byte, MaxSize+1)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	whole := Pack([]byte("some text"))
	for name, test := range map[string]struct{ text, want string }{
		"nothing":          {"", "it is not gzip in base64"},
		"another text":     {"admin: {}", "it is not gzip in base64"},
		"one cut off":      {whole[:len(whole)-8], "it is not gzip in base64: unexpected EOF"},
		"no base64":        {whole[:12] + "*" + whole[13:], "it is not gzip in base64: illegal base64 data at input byte 12"},
		"one without end":  {base64.StdEncoding.EncodeToString(bomb.Bytes()), "it has more than 1048576 bytes"},
		"another checksum": {whole[:len(whole)-8] + "AAAAAAAA", "it is not gzip in base64: gzip: invalid checksum"},
	} {
		if _, err := Unpack(test.text); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

// TestWithin shows that no number of texts that are short for what they are makes it unpack without end.
func TestWithin(t *testing.T) {
	long := Pack(make([]byte, MaxSize))
	count := 0
	list := make([]any, 100)
	for i := range list {
		list[i] = map[string]any{"a": long, "b": "H4sInothing"}
	}
	before := Within(list, nil, func([]byte) any { count++; return "x" }).([]any)
	if count != 4 || before[0].(map[string]any)["a"] != "x" || before[99].(map[string]any)["a"] != long {
		t.Errorf("%d texts were unpacked, want the first 4", count)
	}
	if list[0].(map[string]any)["a"] != long {
		t.Error("the value was changed")
	}
	if unchanged := Within(list[99].(map[string]any)["b"], nil, nil); unchanged != "H4sInothing" {
		t.Errorf("got %v", unchanged)
	}
	other := Pack([]byte("other"))
	if got := Within([]any{long, other}, Texts(map[string]any{"a": []any{other, "text"}}), func([]byte) any { return "x" }).([]any); got[0] != "x" || got[1] != other {
		t.Errorf("got %.80v, want the text of the others kept", got)
	}
}
