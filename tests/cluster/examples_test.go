package cluster_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/app"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// elsewhere are the commands whose examples are not run here: they run for as long as they are let, or change the
// certificates of every other case. TestCerts and TestRotation call them.
var elsewhere = []string{"serve", "certs"}

// finds are the commands that look for something, whose exit code 1 says that it was found.
var finds = []string{"audit", "check", "certs status"}

// TestHelp: the examples of every command's help work as they stand, where the repository's examples are and in a cluster
// that has what they name, on a terminal, one after the other.
func TestHelp(t *testing.T) {
	if err := shared.CreateNamespace(t.Context(), "shop", nil); err != nil {
		t.Fatal(err)
	}
	if err := shared.ApplyIstioConfigMaps(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	placeExamples(t)

	shell := newShell(t)
	ran := 0
	for _, command := range app.NewCommand().Commands() {
		if slices.Contains(elsewhere, command.Name()) {
			continue
		}
		for _, line := range examplesOf(command) {
			ran++
			shell.works(t, line)
		}
	}
	t.Logf("%d examples", ran)
	troubleshoots(t, shell)
}

// placeExamples makes what the examples name.
func placeExamples(t *testing.T) {
	t.Helper()
	example := filepath.Join(shared.Repository, "examples", "myapp.yaml")
	for _, namespace := range []string{"default", "shop"} {
		if _, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "apply", "-f", example); err != nil {
			t.Fatal(err)
		}
		waitForPods(t, namespace, "app=myapp", 2)
	}
	pod := newPod("shop", asks)
	pod.Name = "myapp-7d4f9"
	mustCreate(t, pod)
}

// troubleshoots runs the command lines of docs/troubleshooting.md.
func troubleshoots(t *testing.T, shell shell) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(shared.Repository, "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(string(text)) {
		command, found := strings.CutPrefix(line, "$ ")
		if !found {
			continue
		}
		ran++
		// No node is here, so the chart's own pods do not run.
		command = strings.Replace(command, "certs status", "certs status "+replicaFlag(), 1)
		shell.works(t, strings.TrimSpace(command))
	}
	if ran < 10 {
		t.Errorf("%d command lines of docs/troubleshooting.md were run: is it read as it stands?", ran)
	}
}

// works runs a line and wants no exit code but 0, or 1 of commands that look for something.
func (s shell) works(t *testing.T, line string) {
	t.Helper()
	printed, code := s.run(t, line)
	found := strings.Contains(line, "--exit-code") || slices.ContainsFunc(finds, func(name string) bool { return strings.HasPrefix(line, "sidecar-injector "+name) })
	if code != 0 && (!found || code != 1) {
		t.Errorf("%s: exit code %d\n%s", line, code, printed)
	}
}

// TestCompletion: a shell is offered what the cluster has.
func TestCompletion(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	pod := mustCreate(t, newPod(namespace))
	for want, args := range map[string][]string{
		"pod/" + pod.Name: {"explain", "-n", namespace, "pod/"},
		namespace:         {"audit", "-n", ""},
		cluster.Release:   {"preview", "--injector", ""},
	} {
		arguments := append([]string{"__complete", args[0], "--kubeconfig=" + shared.Kubeconfig}, args[1:]...)
		offered, err := exec.CommandContext(t.Context(), shared.Binary, arguments...).Output()
		if err != nil || !slices.Contains(strings.Split(string(offered), "\n"), want) {
			t.Errorf("%s: %v, it offers %q, want %s among it", strings.Join(args, " "), err, offered, want)
		}
	}
}

// examplesOf returns the command lines in the examples of a command.
func examplesOf(command *cobra.Command) (lines []string) {
	text := strings.NewReplacer("\\\n", " ", "|\n", "| ").Replace(command.Example)
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// shell runs command lines in a folder that has the examples, with the program and kubectl in its path.
type shell struct {
	folder      string
	environment []string
}

func newShell(t *testing.T) shell {
	t.Helper()
	folder, programs := t.TempDir(), t.TempDir()
	for link, file := range map[string]string{
		filepath.Join(folder, "examples"):           filepath.Join(shared.Repository, "examples"),
		filepath.Join(folder, "manifests"):          filepath.Join(shared.Repository, "manifests"),
		filepath.Join(programs, "sidecar-injector"): shared.Binary,
		filepath.Join(programs, "kubectl"):          shared.Parts.Kubectl,
	} {
		if err := os.Symlink(file, link); err != nil {
			t.Fatal(err)
		}
	}
	return shell{folder, append(os.Environ(), "KUBECONFIG="+shared.Kubeconfig, "PATH="+programs+":"+os.Getenv("PATH"), "TERM=xterm")}
}

// run runs one line on a terminal where somebody says yes to every question. It returns what it printed and its exit code.
func (s shell) run(t *testing.T, line string) (printed string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*waitTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", line)
	command.Dir, command.Env = s.folder, s.environment
	terminal, err := pty.StartWithSize(command, &pty.Winsize{Rows: 50, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	if _, err := terminal.WriteString("y\n"); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(terminal)
	if err != nil && !errors.Is(err, syscall.EIO) { // that is how a terminal's end reads on Linux
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", line, err)
	}
	return string(out), command.ProcessState.ExitCode()
}
