package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// testVersion is one that no commit bears: the release writes it wherever it belongs.
const testVersion, testNumber = "v0.987.0", "0.987.0"

// made makes the release by the Makefile, for this machine's architecture, as it is made for a tag.
func made(t *testing.T, clone string) string {
	t.Helper()
	dist := filepath.Join(t.TempDir(), "dist")
	if _, err := run(t.Context(), clone, nil, "make", "release", "VERSION="+testVersion, "PLATFORMS=linux/"+runtime.GOARCH, "DIST="+dist); err != nil {
		t.Fatal(err)
	}
	return dist
}

// tree returns the files of a folder.
func tree(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, _ := filepath.Rel(folder, name)
		files[inside], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// unpacked returns the files of a tar, compressed or not.
func unpacked(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	var from io.Reader = bytes.NewReader(archive)
	if bytes.HasPrefix(archive, []byte{0x1f, 0x8b}) {
		packed, err := gzip.NewReader(from)
		if err != nil {
			t.Fatal(err)
		}
		from = packed
	}
	files := map[string][]byte{}
	for reader := tar.NewReader(from); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}
