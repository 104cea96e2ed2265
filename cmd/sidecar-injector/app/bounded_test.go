//go:build linux

package app

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// endless is an input without an end.
type endless struct{}

func (endless) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = '#'
	}
	return len(into), nil
}

// unreadable makes files that have no end, make who reads them wait, or take all memory. It returns what is said of each.
func unreadable(t *testing.T) map[string]string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x]\n")
	for i := range 9 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 9))
	}
	for name, text := range map[string]string{
		"large.yaml": "", "bomb.yaml": bomb.String(), "deep.yaml": "a: " + strings.Repeat("[", 1e6), "long.yaml": "a: " + strings.Repeat("x", 5<<20) + "\n",
		"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate("large.yaml", 100<<20); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"pipe.yaml": "named pipe", "/dev/zero": "it has more than ", "large.yaml": "it has more than ",
		"bomb.yaml": "its aliases stand for more than 4 MiB", "deep.yaml": "exceeded max depth of 10000",
	}
}

// TestFilesAreBounded: whatever reads a file ends in one line that says why it is not read.
func TestFilesAreBounded(t *testing.T) {
	said := unreadable(t)
	for file, want := range said {
		for _, command := range [][]string{
			{"preview", "-f", file}, {"remove", "-f", file}, {"explain", "-f", file},
			{"preview", "-f", "pod.yaml", "--config", file}, {"preview", "-f", "pod.yaml", "--values", file},
			{"explain", "-f", "pod.yaml", "--inject-config", file},
		} {
			checkBounded(t, want, command...)
		}
		if want == said["bomb.yaml"] || want == said["deep.yaml"] {
			continue // as text they are not odd
		}
		for _, command := range [][]string{
			{"preview", "-f", "pod.yaml", "--template", file}, {"lint", "--template", file}, {"lint", "--config", file}, {"lint", "--values", file},
			{"preview", "-f", "pod.yaml", "-o", "jsonpath-file=" + file}, {"remove", "-f", "pod.yaml", "-o", "go-template-file=" + file},
		} {
			checkBounded(t, want, command...)
		}
	}
	checkBounded(t, "it has more than 4 MiB", "preview", "-f", "pod.yaml", "--config", "long.yaml")
	checkBounded(t, "it has more than 32 MiB", "preview", "-f", "-")
	if err := errors.Join(os.MkdirAll("tree/below", 0o700), os.Link("pipe.yaml", "tree/below/pipe.yaml")); err != nil {
		t.Fatal(err)
	}
	checkBounded(t, `read "tree/below/pipe.yaml": it is a named pipe, want a file`, "preview", "-f", "tree", "-R")
}

// TestCasesAreBounded: template authors' cases are files as well.
func TestCasesAreBounded(t *testing.T) {
	unreadable(t)
	for _, name := range []string{"pod.yaml", "want.yaml", "namespace.yaml", "config.yaml", "values.yaml"} {
		folder := filepath.Join(t.Name(), name, "case")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if name != "pod.yaml" {
			if err := os.Link("pod.yaml", filepath.Join(folder, "pod.yaml")); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Link("pipe.yaml", filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		checkBounded(t, "it is a named pipe", "lint", "--test", filepath.Dir(folder))
	}
}

// checkBounded runs a command with an input without an end: it fails with one line.
func checkBounded(t *testing.T, want string, arguments ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(t.Context(), append([]string{"sidecar-injector"}, arguments...), endless{}, &stdout, &stderr)
	printed, hint, _ := strings.Cut(stderr.String(), "\n")
	if hint != "" && !strings.HasPrefix(hint, "See '") {
		t.Errorf("%q: more than one line: %s", arguments, stderr.String())
	}
	if arguments[0] == "lint" && stderr.Len() == 0 {
		printed = stdout.String()
	}
	if code == 0 || !strings.Contains(printed, want) || len(printed) > 500 {
		t.Errorf("%q: exit code %d, %.500q, want %q", arguments, code, printed, want)
	}
}
