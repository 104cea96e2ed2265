package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExampleCases runs the cases of the examples, as the documentation says that they are run.
func TestExampleCases(t *testing.T) {
	examples := filepath.Join("..", "..", "..", "examples")
	for name, args := range map[string][]string{
		"a template of one's own": {"--template", filepath.Join(examples, "templates", "logs.yaml"), "--test", filepath.Join(examples, "cases")},
		"a profile of sidecars":   {"--profile", filepath.Join(examples, "sidecars"), "--test", filepath.Join(examples, "sidecars", "cases")},
		"what lint says of it":    {"--profile", filepath.Join(examples, "sidecars")},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := Main(t.Context(), append([]string{"sidecar-injector", "lint"}, args...), strings.NewReader(""), &stdout, &stderr); code != exitOK {
				t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
			}
		})
	}
}

// TestExampleSidecars: each is short, and has a case in which it is injected and one in which it refuses a pod.
func TestExampleSidecars(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "examples", "sidecars")
	templates, err := filepath.Glob(filepath.Join(folder, "templates", "*.yaml"))
	if err != nil || len(templates) == 0 {
		t.Fatalf("there are no templates (%v)", err)
	}
	for _, path := range templates {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > 60 {
			t.Errorf("%s has %d lines, want at most 60", path, lines)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		for _, wanted := range []string{"-by-*/want.yaml", "-refused/want-error.txt"} {
			if found, _ := filepath.Glob(filepath.Join(folder, "cases", name+wanted)); len(found) == 0 {
				t.Errorf("%s has no case %s", path, name+wanted)
			}
		}
	}
}
