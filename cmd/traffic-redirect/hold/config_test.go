package hold

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/internal/packed"
)

// TestWriteConfig shows that the file has what was packed, that everybody can read it, and that it is replaced as a whole.
func TestWriteConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "envoy.json")
	for _, text := range []string{`{"admin":{}}`, "{}"} {
		if err := WriteConfig(packed.Pack([]byte(text)), file); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != text {
			t.Errorf("got %q (%v), want %q", got, err, text)
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o644 {
		t.Errorf("mode %s, want -rw-r--r--", info.Mode())
	}
}

func TestWriteConfigFails(t *testing.T) {
	directory := t.TempDir()
	for name, c := range map[string]struct{ text, file, want string }{
		"what is not packed":    {"admin: {}", "envoy.json", "unpack --config: it is not gzip in base64"},
		"a folder that is not":  {packed.Pack(nil), "none/envoy.json", "write the configuration to " + directory + "/none: open "},
		"a folder in its place": {packed.Pack(nil), ".", "write the configuration to "},
	} {
		err := WriteConfig(c.text, filepath.Join(directory, c.file))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if left, _ := os.ReadDir(directory); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}
