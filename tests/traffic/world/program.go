//go:build linux

package world

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/nftables"
	"github.com/vishvananda/netns"
)

// Build builds traffic-redirect in the folder, from the repository that root names, and returns its path.
func Build(root, folder string) (string, error) {
	// Others than root run the program too.
	if err := os.Chmod(folder, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "traffic-redirect")
	build := exec.Command("go", "build", "-o", program, "./cmd/traffic-redirect")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build traffic-redirect: %w\n%s", err, output)
	}
	return program, nil
}

// Missing returns what worlds need and is not there, or nothing.
func Missing() string {
	if os.Getuid() != 0 {
		return "the tests make network namespaces, run them as root"
	}
	err := OnThread(func() error {
		handle, err := netns.New()
		if err != nil {
			return fmt.Errorf("no network namespace can be made: %w", err)
		}
		defer func() { _ = handle.Close() }()
		connection, err := nftables.New()
		if err != nil {
			return fmt.Errorf("the kernel has no nftables: %w", err)
		}
		if _, err := connection.ListTables(); err != nil {
			return fmt.Errorf("the kernel has no nftables: %w", err)
		}
		return nil
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

// Result is what a program did.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs a program in the namespace, as root and with an empty environment; change, if there is one, may alter that.
// A program that does not run at all ends the test.
func (n *Namespace) Run(t *testing.T, change func(*exec.Cmd), program string, args ...string) Result {
	t.Helper()
	command := exec.Command(program, args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = []string{}
	if change != nil {
		change(command)
	}
	// The process has the network namespace of the thread that starts it.
	err := n.Do(Root, command.Run)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %q: %v", program, err)
	}
	return Result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
