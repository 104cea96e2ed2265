//go:build linux

package traffic_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// program is the path of the built program.
var program string

// TestMain builds the program. Where network namespaces or nftables are missing it says so, loudly, and nothing is
// tested.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		if reason := world.Missing(); reason != "" {
			line := strings.Repeat("!", 100)
			fmt.Fprintf(os.Stderr, "%s\nWARNING: NOTHING IS TESTED HERE: %s\n%s\n", line, reason, line)
			return 0
		}
		folder, err := os.MkdirTemp("", "traffic-redirect")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		program, err = world.Build(filepath.Join("..", ".."), folder)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// scene is a world in which the program runs.
type scene struct{ *world.World }

func newScene(t *testing.T) scene {
	t.Helper()
	return scene{world.New(t, world.Interfaces{})}
}

// run runs the program in the pod.
func (w scene) run(t *testing.T, change func(*exec.Cmd), args ...string) world.Result {
	t.Helper()
	return w.Pod.Run(t, change, program, args...)
}

// apply runs the program in the pod, and checks that its rules are then as it wants them.
func (w scene) apply(t *testing.T, args ...string) {
	t.Helper()
	if got := w.run(t, nil, args...); got.Code != 0 || got.Stderr != "" {
		t.Fatalf("traffic-redirect %q: exit code %d: %s", args, got.Code, got.Stderr)
	}
	if got := w.run(t, nil, append(args, "--check")...); got != (world.Result{}) {
		t.Fatalf("traffic-redirect %q --check after it was applied: %+v", args, got)
	}
}
