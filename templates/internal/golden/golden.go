// Package golden runs the cases of a folder testdata, for tests: one txtar archive a case, with what goes in and what is
// wanted in it.
package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/packed"
)

// The files of a case that hold what is wanted: the result in YAML, or the error.
const (
	wantResult = "want.yaml"
	wantError  = "want.err"
)

// Run runs produce on each testdata/*.txtar, in parallel, and compares what it returns with what the archive wants. The
// archive's files of the names in inputs are handed over by name; another file, or no comment that says why the case
// exists, is a failure. With UPDATE_GOLDEN set, what is wanted is rewritten; the run stays red when it was.
func Run(t *testing.T, inputs []string, produce func(t *testing.T, files map[string][]byte) (any, error)) {
	t.Helper()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases in testdata (%v)", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := filesOf(t, archive, inputs)
			result, err := produce(t, files)
			got := txtar.File{Name: wantResult}
			if err != nil {
				got = txtar.File{Name: wantError, Data: []byte(err.Error() + "\n")}
			} else if got.Data, err = yaml.Marshal(unpacked(t, result)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(files[got.Name]), string(got.Data)); diff != "" {
				t.Errorf("%s differs (-want +got); UPDATE_GOLDEN=1 go test . rewrites it:\n%s", got.Name, diff)
				update(t, path, archive, got)
			}
		})
	}
}

// unpacked returns a value in which every packed JSON is YAML, below the word packed.
func unpacked(t *testing.T, value any) any {
	t.Helper()
	return packed.Within(value, nil, func(text []byte) any {
		readable, err := yaml.JSONToYAML(text)
		if err != nil {
			t.Fatal(err)
		}
		return "packed\n" + string(readable)
	})
}

func filesOf(t *testing.T, archive *txtar.Archive, inputs []string) map[string][]byte {
	t.Helper()
	if len(bytes.TrimSpace(archive.Comment)) == 0 {
		t.Error("the case does not say why it exists")
	}
	files := map[string][]byte{}
	for _, file := range archive.Files {
		if file.Name != wantResult && file.Name != wantError && !slices.Contains(inputs, file.Name) {
			t.Errorf("file %q of the case is not used", file.Name)
		}
		files[file.Name] = file.Data
	}
	return files
}

func update(t *testing.T, path string, archive *txtar.Archive, got txtar.File) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") == "" {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(archive.Files), func(file txtar.File) bool {
		return file.Name == wantResult || file.Name == wantError
	})
	archive.Files = append(kept, got)
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
