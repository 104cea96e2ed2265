package cluster_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// imageLimit is how large the programs of the image may be together, in bytes:
// there is nothing else in it.
const imageLimit = 64_000_000

// TestImage builds the programs of the image: both run on nothing, and
// are small.
func TestImage(t *testing.T) {
	out := t.TempDir()
	build := exec.CommandContext(t.Context(), "make", "build", "OUT="+out)
	build.Dir = shared.Repository
	build.Env = append(os.Environ(), "GOOS=linux")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	var size int64
	for _, name := range []string{"sidecar-injector", "traffic-redirect"} {
		program := filepath.Join(out, name)
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
		t.Logf("%s: %.1f MB", name, float64(info.Size())/1e6)
		file, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range file.Progs {
			if part.Type == elf.PT_INTERP {
				t.Errorf("%s needs a dynamic linker, which the image does not have", name)
			}
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
	if size >= imageLimit {
		t.Errorf("the programs have %d bytes, want less than %d", size, imageLimit)
	}
}
