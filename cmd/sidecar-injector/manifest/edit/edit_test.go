package edit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// object decodes a text of one document.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	documents, err := manifest.Parse("fixture", []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if len(documents) != 1 {
		t.Fatalf("%d documents in\n%s", len(documents), text)
	}
	return documents[0].Object
}

// TestApply runs the cases of testdata: a text, the object wanted in any text, and the text wanted. The header says why
// the case exists. Each is run with CRLF line ends too. UPDATE_GOLDEN=1 rewrites the texts wanted; that run stays red.
func TestApply(t *testing.T) {
	for _, file := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runCase(t, file) })
	}
}

func cases(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return files
}

func runCase(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) != 3 || len(archive.Comment) == 0 {
		t.Fatal("want a comment and the files before, object and after")
	}
	raw, wanted, want := archive.Files[0].Data, archive.Files[1].Data, archive.Files[2].Data
	before, after := object(t, string(raw)), object(t, string(wanted))
	got, ok := edited(raw, before, after)
	if !ok {
		spliced, err := splice(raw, before, after, true)
		t.Fatalf("the text would be written anew (%v):\n%s", err, spliced)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		if os.Getenv("UPDATE_GOLDEN") != "" {
			archive.Files[2].Data = got
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		t.Errorf("text (-want +got):\n%s", diff)
	}
	crlf := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }
	got, ok = edited(crlf(raw), before, after)
	if !ok {
		t.Fatal("with CRLF line ends the text would be written anew")
	}
	if diff := cmp.Diff(string(crlf(want)), string(got)); diff != "" {
		t.Errorf("text with CRLF line ends (-want +got):\n%s", diff)
	}
}

func TestApplyWithoutAChangeReturnsTheText(t *testing.T) {
	text := []byte("apiVersion: v1 # x\r\nkind:   A\n\n\n")
	got, err := Apply(text, object(t, string(text)), object(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(got)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestTextsThatCannotBeEditedAreWrittenAnew(t *testing.T) {
	const want = "apiVersion: v1\nkind: A\nspec:\n  containers:\n  - name: b\n"
	cases := map[string]string{
		"a text of another object": "apiVersion: v1\nother: A\n",
		"no YAML":                  "a: b: c\n",
		"nothing":                  "",
	}
	before := object(t, "apiVersion: v1\nkind: A\nspec: {}\n")
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Apply([]byte(text), before, object(t, want))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValuesThatCannotBeEncodedAreAnError(t *testing.T) {
	text := "apiVersion: v1\nkind: A\n"
	after := object(t, text)
	after["channel"] = make(chan int)
	if got, err := Apply([]byte(text), object(t, text), after); err == nil {
		t.Errorf("no error, but\n%s", got)
	}
}
