//go:build linux

package envoy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// admin sends a command to the admin interface, from inside the pod.
func (s *sidecar) admin(t *testing.T, command string) {
	t.Helper()
	status, body, err := ask(client(t, s.Pod, false), http.MethodPost, "http://"+at("localhost", 0, 15000).String()+command, nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: status %d, error %v: %s", command, status, err, body)
	}
}

// Readiness follows the proxy's own: while it drains it is not ready, and goes on passing requests.
func TestEnvoyDrain(t *testing.T) {
	s := start(t, "", plainPod)
	for _, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(http.ResponseWriter, *http.Request) {})
	}
	check := func(when string, ready int) {
		t.Helper()
		for name, family := range world.Families() {
			if status, _, err := s.get(s.Peer, at("pod", family, 15021), "/healthz/ready", nil); err != nil || status != ready {
				t.Errorf("%s, %s: readiness %d, error %v, want %d", when, name, status, err, ready)
			}
		}
		for direction, w := range s.ways() {
			if status, _, err := s.get(w.client, at(w.place, 0, 8080), "/", nil); err != nil || status != http.StatusOK {
				t.Errorf("%s, %s: status %d, error %v, want 200", when, direction, status, err)
			}
		}
	}
	check("before", http.StatusOK)
	s.admin(t, "/healthcheck/fail")
	check("draining", http.StatusServiceUnavailable)
	s.admin(t, "/healthcheck/ok")
	check("afterwards", http.StatusOK)
	seen(t, "readiness", "15021 answers 503 while the proxy drains, 200 before and after; requests pass all the time")
}

// SIGTERM ends the proxy at once and without an error, with the requests that are under way: hence the preStop hook of an
// ordinary container, and the place of a native one.
func TestEnvoyEnd(t *testing.T) {
	s := start(t, "", plainPod)
	arrived := make(chan struct{})
	serveHTTP(t, s.Pod, 8080, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		close(arrived)
		<-r.Context().Done()
	})
	connection, reader := connect(t, s.Peer, at("pod", 0, 8080))
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	s.stop()
	if code := s.proxy.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if _, err := io.Copy(io.Discard, response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the request under way ends with %v, want an end before its own", err)
	}
	seen(t, "SIGTERM", "exit code 0; a request under way is cut off")
}
