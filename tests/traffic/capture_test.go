//go:build linux

package traffic_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// TestCapture makes each connection in each mode and family, and compares who takes it.
func TestCapture(t *testing.T) {
	for _, mode := range []string{"REDIRECT", "TPROXY", "NONE"} {
		t.Run(mode, func(t *testing.T) {
			w := newScene(t)
			w.Answer(t, w.Peer, "peer", 80, 5432, 15200)
			w.Answer(t, w.Pod, "application", 8080, 9090, 15008)
			w.StartProxy(t, world.ProxyOwner, mode, world.Source(mode))
			for sentence, s := range captures {
				if applies := s.modes == mode || (s.modes == "" && mode != "NONE"); !applies {
					continue
				}
				t.Run(sentence, func(t *testing.T) {
					w.apply(t, append(strings.Fields(s.args), "-m", mode)...)
					for family := range world.Families() {
						if s.families == "" || s.families == family {
							t.Run(family, func(t *testing.T) { w.callAll(t, s.calls, family, world.Source(mode)) })
						}
					}
				})
			}
		})
	}
}

// TestOtherProxies has the proxy as Istio has it in TPROXY mode, as root and known by its group alone, and a transparent
// one that passes connections on from an address of its own.
func TestOtherProxies(t *testing.T) {
	for sentence, c := range map[string]struct {
		who        world.Owner
		mode, from string
	}{
		"root, redirected":               {world.ProxyGroup, "REDIRECT", world.Passthrough},
		"root, transparent":              {world.ProxyGroup, "TPROXY", world.Client},
		"root, half transparent":         {world.ProxyGroup, "TPROXY", world.Passthrough},
		"another user, half transparent": {world.ProxyOwner, "TPROXY", world.Passthrough},
	} {
		w := newScene(t)
		w.Answer(t, w.Peer, "peer", 80)
		w.Answer(t, w.Pod, "application", 8080)
		w.StartProxy(t, c.who, c.mode, c.from)
		w.apply(t, "-i", "*", "-b", "*", "-u", "1337", "-m", c.mode)
		for family := range world.Families() {
			t.Run(sentence+" "+family, func(t *testing.T) {
				w.callAll(t, []call{
					{"application", "elsewhere", 80, "outbound"},
					{"root", "elsewhere", 80, "outbound"},
					{"peer", "pod", 8080, "inbound"},
					{"application", "service", 8080, "outbound, inbound"},
				}, family, c.from)
			})
		}
	}
}

// callAll makes the calls one after another, and compares who takes each. The proxy passes inbound connections on from
// the address that passedFrom says.
func (w scene) callAll(t *testing.T, calls []call, family, passedFrom string) {
	for _, c := range calls {
		from := w.Pod
		switch c.from {
		case "peer":
			from = w.Peer
		case "machine":
			from = w.Machine
		}
		to := netip.AddrPortFrom(world.Address(c.to, world.Families()[family]), uint16(c.port))
		if c.want == "nobody" {
			if answer, err := from.Call(callers[c.from], to, world.Briefly); err == nil {
				t.Errorf("%s → %s: answer %q", c.from, world.Placed(to), answer)
			}
			w.Log.Expect(t)
			continue
		}
		want := c.lines(to, passedFrom)
		answer, err := from.Call(callers[c.from], to, world.Patience)
		if err != nil || !strings.HasPrefix(want[len(want)-1], answer+" at ") {
			t.Errorf("%s → %s: answer %q, error %v", c.from, world.Placed(to), answer, err)
		}
		t.Logf("%s → %s", c.from, world.Placed(to))
		w.Log.Expect(t, want...)
	}
}

// lines returns the log of the call.
func (c call) lines(to netip.AddrPort, passedFrom string) []string {
	server, source, destination := "peer", "pod", world.Placed(to)
	switch c.to {
	case "pod", "side-pod", "service", "localhost", "loopback2":
		server = "application"
	}
	switch {
	case c.from == "peer" && c.to == "side-pod":
		source = "side"
	case c.from == "peer":
		source = "peer"
	case c.from == "machine" && c.want == "direct":
		source = "machine"
	case c.to == "localhost" || c.to == "loopback2":
		source = "localhost"
	case c.to == "side":
		source = "side-pod"
	}
	if c.want == "probe" {
		destination = world.Placed(netip.AddrPortFrom(to.Addr(), 8080))
	}
	var lines []string
	if strings.HasPrefix(c.want, "outbound") {
		lines = append(lines, "proxy outbound to "+destination)
	}
	if c.to == "service" {
		destination = strings.Replace(destination, "service", "pod", 1)
	}
	if strings.HasSuffix(c.want, "inbound") {
		lines = append(lines, "proxy inbound to "+destination)
		if passedFrom == world.Passthrough {
			source = world.Passthrough
		}
	}
	return append(lines, server+" at "+destination+" from "+source)
}

// TestNobodyListens shows that a connection is not past the proxy when that does not listen yet, or any more.
func TestNobodyListens(t *testing.T) {
	for _, mode := range []string{"REDIRECT", "TPROXY"} {
		for name, family := range world.Families() {
			t.Run(mode+" "+name, func(t *testing.T) {
				w := newScene(t)
				w.Answer(t, w.Peer, "peer", 80)
				w.Answer(t, w.Pod, "application", 8080)
				w.apply(t, "-i", "*", "-b", "*", "-m", mode)
				for _, c := range []call{{from: "application", to: "elsewhere", port: 80}, {from: "peer", to: "pod", port: 8080}} {
					from := w.Pod
					if c.from == "peer" {
						from = w.Peer
					}
					to := netip.AddrPortFrom(world.Address(c.to, family), uint16(c.port))
					if answer, err := from.Call(callers[c.from], to, world.Briefly); err == nil {
						t.Errorf("%s → %s: answer %q", c.from, world.Placed(to), answer)
					}
					w.Log.Expect(t)
				}
			})
		}
	}
}
