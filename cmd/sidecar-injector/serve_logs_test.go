package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServeWithoutALog runs serve with a standard error that takes nothing: a pipe that nobody reads, one that is closed, a
// full disk. Requests of which each is logged are answered all the same, and a termination ends it.
func TestServeWithoutALog(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) *os.File{
		"a pipe that nobody reads": func(t *testing.T) *os.File { _, write := pipe(t); return write },
		"a pipe that is closed": func(t *testing.T) *os.File {
			read, write := pipe(t)
			_ = read.Close()
			return write
		},
		"a full disk": func(t *testing.T) *os.File {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skipf("SKIPPED: no full disk to write to: %v", err)
			}
			t.Cleanup(func() { _ = full.Close() })
			return full
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, process := serveFiles(t, open(t))
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Minute}
			post := func(body string) string {
				response, err := client.Post("https://"+address+"/inject/pod", "application/json", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				answer, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				return string(answer)
			}
			for range 1000 { // more than a pipe holds
				if answer := post(`{"kind": "` + strings.Repeat("x", 150) + `"}`); !strings.Contains(answer, `"allowed":false`) {
					t.Fatalf("answer %s", answer)
				}
			}
			review := `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u", "kind": {"version": "v1", "kind": "Pod"}, "namespace": "shop", "operation": "CREATE",
				"object": {"metadata": {"name": "a", "annotations": {"sidecar.istio.io/inject": "true"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}}`
			if answer := post(review); !strings.Contains(answer, `"patch":`) {
				t.Errorf("answer %s", answer)
			}
			if err := process.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := process.Wait(); err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

func pipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = read.Close(), write.Close() })
	return read, write
}

// serveFiles runs serve with files alone, and an API server that does not answer, until it accepts connections. It ends
// with the test at the latest.
func serveFiles(t *testing.T, stderr *os.File) (address string, process *exec.Cmd) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"config.yaml": "{}",
		"kubeconfig": `{apiVersion: v1, kind: Config, clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}],
			contexts: [{name: a, context: {cluster: a, user: a}}], users: [{name: a, user: {}}], current-context: a}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address = freeAddress(t)
	process = exec.Command("sidecar-injector", "serve", "--config", filepath.Join(dir, "config.yaml"), "--kubeconfig", filepath.Join(dir, "kubeconfig"),
		"--namespace", "injector", "--tls-self-signed", "--publish-ca-bundle=false", "--shutdown-delay", "0s",
		"--webhook-bind-address", address, "--health-probe-bind-address", freeAddress(t), "--metrics-bind-address", "0")
	process.Stderr = stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if process.ProcessState == nil {
			_ = process.Process.Kill()
			_ = process.Wait()
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err == nil {
			connection.Close()
			return address, process
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not listen: %v", err)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
