//go:build linux

package envoy

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// What a pod's annotations leave alone does not pass the proxy, and everything else does: once, but for what the pod sends to
// itself by way of its own address, which stays in the pod.
func TestEnvoyCapture(t *testing.T) {
	s := start(t, "", annotated(`traffic.sidecar.istio.io/excludeInboundPorts: "9090", traffic.sidecar.istio.io/excludeOutboundPorts: "5432",
		traffic.sidecar.istio.io/excludeOutboundIPRanges: "10.99.7.0/24,fd99:7::/64", traffic.sidecar.istio.io/excludeInterfaces: side0`))
	answer := func(http.ResponseWriter, *http.Request) {}
	for _, port := range []int{8080, 9090} {
		serveHTTP(t, s.Pod, port, answer)
	}
	for _, port := range []int{80, 5432} {
		serveHTTP(t, s.Peer, port, answer)
	}
	var want []string
	for name, family := range world.Families() {
		for _, c := range []struct {
			from    *world.Namespace
			to      string
			port    int
			through string
		}{
			{s.Peer, "pod", 8080, "inbound"},
			{s.Peer, "pod", 9090, ""},
			{s.Peer, "side-pod", 8080, ""},
			{s.Pod, "elsewhere", 80, "outbound"},
			{s.Pod, "peer", 80, "outbound"},
			{s.Pod, "elsewhere", 5432, ""},
			{s.Pod, "database", 80, ""},
			{s.Pod, "side", 80, ""},
			{s.Pod, "pod", 8080, ""},
			{s.Pod, "localhost", 8080, ""},
		} {
			to := at(c.to, family, c.port)
			if status, _, err := s.get(c.from, to, "/", nil); err != nil || status != http.StatusOK {
				t.Errorf("%s to %s: status %d, error %v", name, world.Placed(to), status, err)
			}
			if c.through != "" {
				want = append(want, c.through+" to "+world.Placed(to))
			}
		}
	}
	var got []string
	for _, line := range s.accesses(t, "method", "GET") {
		to := line["destination"].(string)
		got = append(got, line["direction"].(string)+" to "+world.Placed(netip.MustParseAddrPort(to)))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what passes the proxy (-want +got):\n%s", diff)
	}
	seen(t, "capture", "%d connections through the proxy; excluded ports, ranges and interfaces, and the pod to itself, go past it", len(got))
}
