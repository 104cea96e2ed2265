//go:build linux

package traffic_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// query is one DNS query, and who answers it.
type query struct {
	from, protocol, to string
	port               int // from which it comes; 0 is any
	want               string
}

var dnsCaptures = map[string]struct {
	args    string
	queries []query
}{
	"queries of the named servers are captured": {
		args: "-i * --redirect-dns --dns-servers 10.96.0.53,fd96::53",
		queries: []query{
			{"application", "udp", "dns", 0, "dns proxy"},
			{"application", "tcp", "dns", 0, "dns proxy"},
			{"application", "udp", "elsewhere", 0, "peer"},
			{"application", "tcp", "elsewhere", 0, "proxy outbound, peer"},
			{"proxy", "udp", "dns", 0, "peer"},
			{"proxy", "tcp", "dns", 0, "peer"},
			{"proxy's group", "udp", "dns", 0, "peer"},
		},
	},
	"queries of all servers are captured, in the pod too": {
		args: "-i * --redirect-dns --capture-all-dns",
		queries: []query{
			{"application", "udp", "elsewhere", 0, "dns proxy"},
			{"application", "tcp", "elsewhere", 0, "dns proxy"},
			{"application", "udp", "localhost", 0, "dns proxy"},
			{"application", "tcp", "localhost", 0, "dns proxy"},
			{"proxy", "udp", "localhost", 0, "application"},
			{"proxy", "tcp", "pod", 0, "application"},
		},
	},
	"the proxy's query is not taken for one that the application sent from the same port": {
		args: "-i * --redirect-dns --dns-servers 10.96.0.53,fd96::53",
		queries: []query{
			{"application", "udp", "dns", 40053, "dns proxy"},
			{"proxy", "udp", "dns", 40053, "peer"},
			{"application", "udp", "dns", 40053, "dns proxy"},
		},
	},
	"an excluded port is left alone": {
		args: "-i * --redirect-dns --capture-all-dns -o 53",
		queries: []query{
			{"application", "udp", "dns", 0, "peer"},
			{"application", "tcp", "dns", 0, "peer"},
		},
	},
	"queries are not captured without being asked for": {
		args: "-i *",
		queries: []query{
			{"application", "udp", "dns", 0, "peer"},
			{"application", "tcp", "dns", 0, "proxy outbound, peer"},
		},
	},
}

// TestDNS asks each query over both families, and compares who answers.
func TestDNS(t *testing.T) {
	w := newScene(t)
	w.StartProxy(t, world.ProxyOwner, "REDIRECT", world.Passthrough)
	w.Answer(t, w.Peer, "peer", 53)
	w.Answer(t, w.Pod, "application", 53)
	w.Answer(t, w.Pod, "dns proxy", world.DNSPort)
	for family := range 2 {
		w.AnswerUDP(t, w.Peer, world.Application, "peer", world.Address("dns", family), 53)
		w.AnswerUDP(t, w.Peer, world.Application, "peer", world.Address("elsewhere", family), 53)
		w.AnswerUDP(t, w.Pod, world.Application, "application", world.Address("localhost", family), 53)
		w.AnswerUDP(t, w.Pod, world.ProxyOwner, "dns proxy", world.Address("localhost", family), world.DNSPort)
	}
	for sentence, s := range dnsCaptures {
		for _, mode := range []string{"REDIRECT", "TPROXY"} {
			t.Run(mode+" "+sentence, func(t *testing.T) {
				w.apply(t, append(strings.Fields(s.args), "-b", "*", "-m", mode)...)
				for _, q := range s.queries {
					for _, index := range world.Families() {
						w.ask(t, q, netip.AddrPortFrom(world.Address(q.to, index), 53))
					}
				}
			})
		}
	}
}

// ask sends the query, and compares who took it.
func (w scene) ask(t *testing.T, q query, to netip.AddrPort) {
	t.Helper()
	t.Logf("%s → %s over %s", q.from, world.Placed(to), q.protocol)
	var err error
	if q.protocol == "tcp" {
		_, err = w.Pod.Call(callers[q.from], to, world.Patience)
	} else {
		err = w.Pod.Send(callers[q.from], q.port, to)
	}
	if err != nil {
		t.Errorf("no answer: %v", err)
	}
	var takers []string
	for _, line := range w.Log.Take() {
		taker, _, _ := strings.Cut(line, " at ")
		taker, _, _ = strings.Cut(taker, " to ")
		takers = append(takers, taker)
	}
	if got := strings.Join(takers, ", "); got != q.want {
		t.Errorf("taken by %q, want %q", got, q.want)
	}
}
