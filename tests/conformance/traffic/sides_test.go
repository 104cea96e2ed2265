//go:build linux

package traffic

import (
	"cmp"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"istio.io/istio/tools/common/config"
	"istio.io/istio/tools/istio-nftables/pkg/nft"
)

// side is one program's rules.
type side struct {
	apply func(t *testing.T, w *world.World, c config.Config)
	shut  bool // the proxy's ports do not answer callers from outside
}

// theirs has Istio's own code apply its rules, routes and addresses.
var theirs = side{apply: func(t *testing.T, w *world.World, c config.Config) {
	t.Helper()
	if err := w.Pod.Do(world.Root, func() error { return nft.ProgramNftables(&c) }); err != nil {
		t.Fatalf("apply Istio's rules: %v", err)
	}
}}

// ours runs our program, and lets it check what it did.
var ours = side{shut: true, apply: func(t *testing.T, w *world.World, c config.Config) {
	t.Helper()
	run(t, w, arguments(consistent(c)))
	run(t, w, append(arguments(consistent(c)), "--check"))
}}

func run(t *testing.T, w *world.World, args []string) {
	t.Helper()
	if got := w.Pod.Run(t, nil, program, args...); got.Code != 0 || got.Stderr != "" {
		t.Fatalf("traffic-redirect %q: %+v", args, got)
	}
}

// refused checks that our program refuses a contradictory configuration.
func refused(t *testing.T, c config.Config) {
	t.Helper()
	pod := world.NewNamespace(t, "pod")
	got := pod.Run(t, nil, program, arguments(c)...)
	if got.Code != 2 || !strings.Contains(got.Stderr, "includeOutboundIPRanges) too") {
		t.Errorf("contradictory ranges: exit code %d: %s", got.Code, got.Stderr)
	}
}

// observe sends the flows through the rules of the side, and returns what comes of each.
func (s side) observe(t *testing.T, c config.Config, all []flow) []string {
	t.Helper()
	w := populated(t, c)
	s.apply(t, w, c)
	owners := callers(c)
	owners["peer"], owners["machine"] = world.Root, world.Root
	namespaces := map[string]*world.Namespace{"peer": w.Peer, "machine": w.Machine}
	outcomes := make([]string, 0, len(all))
	for i, f := range all {
		from := cmp.Or(namespaces[f.from], w.Pod)
		var err error
		if f.protocol == "udp" {
			// A port of its own, so that the kernel does not take the query for a part of an earlier one.
			err = from.Send(owners[f.from], 40000+i, f.address())
		} else {
			wait := world.Patience
			if s.shut && toProxyPort(f) {
				wait = world.Briefly
			}
			_, err = from.Call(owners[f.from], f.address(), wait)
		}
		outcomes = append(outcomes, outcome(w.Log.Take(), err))
	}
	return outcomes
}

// looping is the number of times that a connection in a loop passes the proxy at least; no other does so often.
const looping = 6

// outcome says in one line who took a flow.
func outcome(lines []string, err error) string {
	if len(lines) >= looping {
		return "the proxy calls itself without end"
	}
	if err != nil {
		lines = append(lines, "no answer")
	}
	for i := range lines {
		lines[i], _, _ = strings.Cut(lines[i], " from ")
	}
	return strings.Join(lines, ", ")
}

// populated returns a world with servers and a proxy, and with everything that rows name.
func populated(t *testing.T, c config.Config) *world.World {
	t.Helper()
	w := world.New(t, world.Interfaces{Side: "not-istio-nic", Machine: "eth1"})
	w.Peer.Configure(t, addresses("one", "nine"))
	w.Pod.Configure(t, addresses("resolver"))
	// Whoever calls the Service and is not captured reaches the peer.
	w.Peer.Configure(t, func(h *netlink.Handle) error {
		return add(h, world.Address("service", 0), world.Address("service", 1))
	})
	w.Answer(t, w.Peer, "peer", 53, 80, 4000, 8080, 32000)
	w.Answer(t, w.Pod, "application", 53, 4000, 6000, 8080, 15008, 32000)
	w.Answer(t, w.Pod, "dns proxy", world.DNSPort)
	who, mode := callers(c)["proxy"], "REDIRECT"
	if c.InboundInterceptionMode == "TPROXY" {
		// In this mode Istio runs its proxy as root, and knows it by its group.
		who, mode = callers(c)["proxy's group"], "TPROXY"
	}
	w.StartProxy(t, who, mode, world.Source(mode))
	for family := range 2 {
		w.AnswerUDP(t, w.Peer, world.Application, "peer", world.Address("dns", family), 53)
		w.AnswerUDP(t, w.Peer, world.Application, "peer", world.Address("elsewhere", family), 53)
		w.AnswerUDP(t, w.Pod, world.Application, "resolver", netip.MustParseAddr(further["resolver"][family]), 53)
		w.AnswerUDP(t, w.Pod, who, "dns proxy", world.Address("localhost", family), world.DNSPort)
	}
	return w
}

// addresses returns a function that gives the loopback interface further addresses.
func addresses(names ...string) func(*netlink.Handle) error {
	return func(h *netlink.Handle) error {
		for _, name := range names {
			for _, text := range further[name] {
				if text == "" {
					continue
				}
				if err := add(h, netip.MustParseAddr(text)); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// add gives the loopback interface addresses.
func add(h *netlink.Handle, all ...netip.Addr) error {
	loopback, err := h.LinkByName("lo")
	if err != nil {
		return err
	}
	for _, address := range all {
		flags := 0
		if address.Is6() {
			flags = unix.IFA_F_NODAD // usable at once: nobody else has it
		}
		network := &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(address.BitLen(), address.BitLen())}
		if err := h.AddrAdd(loopback, &netlink.Addr{IPNet: network, Flags: flags}); err != nil {
			return err
		}
	}
	return nil
}
