package release

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestBuiltRefuses takes the command release for a program that was built, of another version or of modules that go.sum
// does not have: go install does not read it.
func TestBuiltRefuses(t *testing.T) {
	gopath := t.TempDir()
	path := filepath.Join(gopath, "bin", "release")
	if _, err := run(t.Context(), ".", nil, "go", "build", "-o", path, "./cmd/release"); err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]string{testVersion: "it is of version ", info.Main.Version: "go.sum does not have \""} {
		r := release{Options: Options{Version: version}}
		_, err := r.built(gopath, "release", platform{runtime.GOOS, runtime.GOARCH}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("version %q: error %v, want %q", version, err, want)
		}
	}
}

// TestUnpackRefuses shows that an archive that is published writes nothing outside of its folder.
func TestUnpackRefuses(t *testing.T) {
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "../outside", Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "inside")
	if err := unpack(&archive, folder); err == nil || !strings.Contains(err.Error(), `"../outside" leads out of it`) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(folder), "outside")); err == nil {
		t.Error("the file is there")
	}
}
