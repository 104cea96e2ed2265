//go:build linux

package traffic_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// TestHoldsBack shows what the proxy's postStart hook does: the program that the init container copied, run by the
// proxy's user behind the rules, ends when the proxy says that it is ready.
func TestHoldsBack(t *testing.T) {
	w := newScene(t)
	volume := t.TempDir()
	// As an emptyDir is, and the directories above, which belong to the test.
	for folder := volume; folder != os.TempDir(); folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-i", "*", "-b", "*", "--install-to=" + volume}
	w.apply(t, args...)
	w.apply(t, args...) // a restarted sandbox
	var asked atomic.Int64
	w.Pod.Serve(t, world.ProxyOwner, 15021, nil, func(connection *net.TCPConn) {
		if _, err := http.ReadRequest(bufio.NewReader(connection)); err != nil {
			t.Errorf("no request: %v", err)
		}
		status := "503 Service Unavailable"
		if asked.Add(1) == 3 {
			status = "200 OK"
		}
		fmt.Fprintf(connection, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n", status)
	})
	got := w.Pod.Run(t, func(command *exec.Cmd) {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1337, Gid: 1337}}
	}, filepath.Join(volume, filepath.Base(program)), "wait")
	if got != (world.Result{}) {
		t.Errorf("%+v, want that it ends in silence", got)
	}
	if asked.Load() != 3 {
		t.Errorf("asked %d times, want 3: it is ready then", asked.Load())
	}
}
