//go:build linux

package envoy

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// Inbound requests of both families reach the application from the proxy's own address, with the client's in a header;
// the ports that have no way through are closed.
func TestEnvoyInbound(t *testing.T) {
	s := start(t, "", plainPod)
	serveHTTP(t, s.Pod, 8080, func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(w, "from %s for %s", host, r.Header.Get("X-Forwarded-For"))
		if r.Header.Get("X-Request-Id") == "" {
			fmt.Fprint(w, " without a request id")
		}
	})
	for name, family := range world.Families() {
		want := fmt.Sprintf("from %s for %s", world.Address("pass", family), world.Address("peer", family))
		if status, body, err := s.get(s.Peer, at("pod", family, 8080), "/", nil); err != nil || status != http.StatusOK || body != want {
			t.Errorf("%s: status %d, body %q, error %v, want %q", name, status, body, err, want)
		}
		for _, port := range []int{15001, 15006} {
			if line, err := s.Peer.Call(world.Application, at("pod", family, port), world.Briefly); err == nil {
				t.Errorf("%s: port %d answers a client outside: %q", name, port, line)
			}
		}
		// Not the admin interface but the proxy says that nobody listens there.
		if status, body, err := s.get(s.Peer, at("pod", family, 15000), "/", nil); err != nil || status != http.StatusServiceUnavailable {
			t.Errorf("%s: port 15000 answers a client outside: status %d, %v: %q", name, status, err, body)
		}
		status, body, err := s.get(s.Peer, at("pod", family, 15090), "/stats/prometheus", nil)
		if err != nil || status != http.StatusOK || !strings.Contains(body, "envoy_cluster_upstream_rq_total") {
			t.Errorf("%s: port 15090: status %d, error %v, %d bytes, want metrics", name, status, err, len(body))
		}
		if status, _, err := s.get(s.Peer, at("pod", family, 15090), "/config_dump", nil); err == nil && status == http.StatusOK {
			t.Errorf("%s: port 15090 answers /config_dump", name)
		}
	}
}

// A server that speaks first is heard, after the time that detection takes.
func TestEnvoyServerFirst(t *testing.T) {
	s := start(t, "", plainPod)
	s.Answer(t, s.Pod, "application", 7000)
	s.Answer(t, s.Peer, "server", 7000)
	for name, family := range world.Families() {
		if line, err := s.Peer.Call(world.Application, at("pod", family, 7000), patience); err != nil || line != "application" {
			t.Errorf("%s inbound: %q, %v", name, line, err)
		}
		if line, err := s.Pod.Call(world.Application, at("elsewhere", family, 7000), patience); err != nil || line != "server" {
			t.Errorf("%s outbound: %q, %v", name, line, err)
		}
	}
}
