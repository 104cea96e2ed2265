//go:build linux

package envoy

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// The proxy starts with read-only file systems, as a user that is not root and without any capability.
func TestEnvoyConfined(t *testing.T) {
	s := start(t, "", plainPod)
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", s.proxy.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for mount := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(mount); !strings.HasPrefix(fields[5], "ro") {
			t.Errorf("%s can be written: %s", fields[4], mount)
		}
	}
	for field, want := range map[string]string{
		"Uid": "1337\t1337\t1337\t1337", "Gid": "1337\t1337\t1337\t1337", "NoNewPrivs": "1",
		"CapPrm": "0000000000000000", "CapEff": "0000000000000000", "CapBnd": "0000000000000000",
	} {
		if got := s.status(t, field); got != want {
			t.Errorf("%s of the proxy is %q, want %q", field, got, want)
		}
	}
	seen(t, "start", "read-only file systems, user 1337, no capability, no new privileges: ready")
}

// status returns a field of the proxy's /proc/*/status.
func (s *sidecar) status(t *testing.T, field string) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.proxy.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + field + `:\s*(.*)$`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("the proxy's status has no %s", field)
	}
	return string(found[1])
}

// On a node whose kernel has no IPv6 the proxy starts where it is told so, and passes on what IPv4 brings.
func TestEnvoyWithoutIPv6(t *testing.T) {
	s := launch(t, "proxy: {ipv6: false}", plainPod, true)
	if err := s.awaitReady(); err != nil {
		t.Fatal(err)
	}
	for direction, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, direction) })
		if _, body, err := s.get(w.client, at(w.place, 0, 8080), "/", nil); err != nil || body != direction {
			t.Errorf("%s: %q, %v", direction, body, err)
		}
	}
	untold := launch(t, "", plainPod, true)
	if err := untold.proxy.Wait(); err == nil || !strings.Contains(untold.output.String(), "malformed IP address: ::") {
		t.Errorf("with proxy.ipv6 true the proxy ends with %v, want an error about an address", err)
	}
	seen(t, "a node without IPv6", "with proxy.ipv6 false: both directions over IPv4; with true the proxy does not start")
}

// A transparent proxy needs root, NET_ADMIN and its group, and no more: the application sees the client's address, and
// nothing comes back to the proxy.
func TestEnvoyTransparentMode(t *testing.T) {
	s := start(t, "", annotated("sidecar.istio.io/interceptionMode: TPROXY"))
	for field, want := range map[string]string{"Uid": "0\t0\t0\t0", "Gid": "1337\t1337\t1337\t1337", "CapEff": "0000000000001000", "CapBnd": "0000000000001000"} {
		if got := s.status(t, field); got != want {
			t.Errorf("%s of the proxy is %q, want %q", field, got, want)
		}
	}
	for direction, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })
		s.Answer(t, w.server, "server", 7000)
		for name, family := range world.Families() {
			// Outbound, the proxy connects from the pod's own address.
			want := world.Address(map[string]string{"inbound": "peer", "outbound": "pod"}[direction], family).String()
			status, body, err := s.get(w.client, at(w.place, family, 8080), "/", nil)
			if err != nil || status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s %s: status %d, from %q, error %v, want %s", direction, name, status, body, err, want)
			}
			if line, err := w.client.Call(world.Application, at(w.place, family, 7000), patience); err != nil || line != "server" {
				t.Errorf("%s %s TCP: %q, %v", direction, name, line, err)
			}
		}
	}
	for direction := range s.ways() {
		if http, tcp := len(s.accesses(t, "direction", direction, "method", "GET")), len(s.accesses(t, "direction", direction, "protocol", "TCP")); http != 2 || tcp != 2 {
			t.Errorf("%s: the log has %d requests and %d connections, want 2 and 2", direction, http, tcp)
		}
	}
	seen(t, "TPROXY", "root with NET_ADMIN alone and group 1337; the application sees the client, over IPv4 and IPv6, and no loop")
}
