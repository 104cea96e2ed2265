package serve

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// unreachable is a kubeconfig of an API server that does not answer.
const unreachable = `
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
users: [{name: a, user: {}}]
current-context: a
`

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// A termination ends Run also while it waits for an API server that does not answer; until then it is alive, not ready,
// and says why, and its webhook listens.
func TestRunEndsWithoutAnAPIServer(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(unreachable), 0o600); err != nil {
		t.Fatal(err)
	}
	options := DefaultOptions()
	options.Kubeconfig, options.Namespace, options.TLSSelfSigned = kubeconfig, "injector", true
	options.WebhookAddress, options.HealthAddress, options.MetricsAddress = freeAddress(t), freeAddress(t), "0"
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	logs := &lockedBuffer{}
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, options, logs) }()

	waitForHealth(t, "http://"+options.HealthAddress)
	waitForWebhook(t, options.WebhookAddress)
	terminate()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(logs.String(), `"message":"Stopped"`) {
			t.Errorf("the log does not say that it stopped:\n%s", logs)
		}
	case <-time.After(30 * time.Second):
		t.Error("Run goes on after its context ended")
	}
}

// lockedBuffer may be read while what Run left behind still writes.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// waitForHealth waits until the process is alive and checks that it says what it waits for.
func waitForHealth(t *testing.T, address string) {
	t.Helper()
	for range 300 {
		response, err := http.Get(address + "/readyz")
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		var body bytes.Buffer
		_, err = body.ReadFrom(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`configuration: waiting for ConfigMap "injector/sidecar-injector"`, "namespaces: waiting for the API server"} {
			if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body.String(), want) {
				t.Errorf("/readyz says %d %q, want 503 and %q", response.StatusCode, &body, want)
			}
		}
		return
	}
	t.Fatal("the health address never answered")
}

func waitForWebhook(t *testing.T, address string) {
	t.Helper()
	for range 300 {
		if connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}); err == nil {
			connection.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the webhook never listened")
}
