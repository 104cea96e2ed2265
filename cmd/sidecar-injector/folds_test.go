//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDiffFolds: in a terminal a diff has a line for what is long, all of it with --full; in a pipe the status annotation
// stands as it is.
func TestDiffFolds(t *testing.T) {
	const preview = "sidecar-injector preview -f examples/myapp.yaml"
	status := regexp.MustCompile(`sidecar-injector\.github\.io/status: [0-9]+ bytes, [0-9a-f]{8} \(--full\)`)
	config := regexp.MustCompile(`- packed, [0-9]+ bytes, SHA-256 [0-9a-f]{8}\.\.\. \(--full shows them\)`)
	const whole = `sidecar-injector.github.io/status: '{"revision"`
	folded := onTerminal(t, preview)
	if !status.MatchString(folded) || !config.MatchString(folded) || strings.Contains(folded, whole) {
		t.Errorf("in a terminal:\n%s", folded)
	}
	if full := onTerminal(t, preview+" --full"); !strings.Contains(full, whole) || !strings.Contains(full, "static_resources:") || strings.Contains(full, "(--full") {
		t.Errorf("with --full:\n%s", full)
	}
	words := strings.Fields(preview)
	command := exec.CommandContext(t.Context(), words[0], words[1:]...)
	command.Dir = filepath.Join("..", "..")
	piped, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(piped), whole) {
		t.Errorf("in a pipe:\n%s", piped)
	}
}
