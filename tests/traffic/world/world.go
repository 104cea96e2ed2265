//go:build linux

package world

import (
	"cmp"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// places are addresses of the world, one of each family. Those of the peer stand for everything beyond the pod.
var places = map[string][2]string{
	"peer":      {"10.77.0.1", "fd77::1"},
	"pod":       {"10.77.0.2", "fd77::2"},
	"elsewhere": {"192.0.2.1", "2001:db8::1"}, // the peer's
	"database":  {"10.99.7.1", "fd99:7::1"},   // the peer's
	"dns":       {"10.96.0.53", "fd96::53"},   // the peer's
	"service":   {"10.96.0.10", "fd96::10"},   // a Service; the proxy knows that the pod is behind it
	"side":      {"10.78.0.1", "fd78::1"},     // the peer's, over the pod's second interface
	"side-pod":  {"10.78.0.2", "fd78::2"},     // the pod's, there
	"machine":   {"10.79.0.2", "fd79::2"},     // a virtual machine of the pod
	"gateway":   {"10.79.0.1", "fd79::1"},     // the pod's, for the machine
	"localhost": {"127.0.0.1", "::1"},         //
	"loopback2": {"127.0.0.2", "::1"},         //
	"pass":      {"127.0.0.6", "::6"},         // from where the proxy passes inbound connections on
}

// Families returns the families of addresses by name; the number is what Address takes.
func Families() map[string]int { return map[string]int{"IPv4": 0, "IPv6": 1} }

// Address returns the place's address of the family.
func Address(place string, family int) netip.Addr { return netip.MustParseAddr(places[place][family]) }

// PlaceOf returns the name of an address, or the address where it is no place.
func PlaceOf(address netip.Addr) string {
	for name, pair := range places {
		if name != "loopback2" && (pair[0] == address.String() || pair[1] == address.String()) {
			return name
		}
	}
	return address.String()
}

// World is a pod with its proxy, a peer that has every address beyond the pod, and a virtual machine in the pod. Log has
// who was reached. New makes it.
type World struct {
	Pod, Peer, Machine *Namespace
	Log                *Log
}

// Interfaces are names of the pod's interfaces besides lo and eth0.
type Interfaces struct {
	Side    string // the second one to the peer; side0 if it is empty
	Machine string // the one to the virtual machine; vm0 if it is empty
}

// New returns a world without servers and rules; where it cannot be made the test ends.
//
//	machine ──vm0── pod ──eth0── peer
//	                pod ──side0─ peer
func New(t *testing.T, names Interfaces) *World {
	t.Helper()
	side, vm := cmp.Or(names.Side, "side0"), cmp.Or(names.Machine, "vm0")
	w := &World{
		Pod: NewNamespace(t, "pod"), Peer: NewNamespace(t, "peer"), Machine: NewNamespace(t, "machine"),
		Log: &Log{},
	}
	for _, n := range []*Namespace{w.Pod, w.Peer, w.Machine} {
		n.Configure(t, func(h *netlink.Handle) error { return up(h, "lo") })
	}
	wire(t, w.Pod, "eth0", "pod", w.Peer, "pod0", "peer")
	wire(t, w.Pod, side, "side-pod", w.Peer, "side0", "side")
	wire(t, w.Pod, vm, "gateway", w.Machine, "eth0", "machine")
	w.Pod.Configure(t, func(h *netlink.Handle) error { return defaultRoutes(h, "eth0", "peer") })
	w.Machine.Configure(t, func(h *netlink.Handle) error { return defaultRoutes(h, "eth0", "gateway") })
	w.Peer.Configure(t, func(h *netlink.Handle) error {
		for _, place := range []string{"elsewhere", "database", "dns"} {
			if err := addAddresses(h, "lo", place, 32, 128); err != nil {
				return err
			}
		}
		return defaultRoutes(h, "pod0", "pod")
	})
	// As the node of a virtual machine does.
	w.Pod.Set(t, "net/ipv4/ip_forward", "1")
	w.Pod.Set(t, "net/ipv6/conf/all/forwarding", "1")
	return w
}

// Configure calls f with a handle for the namespace's network; an error of f ends the test.
func (n *Namespace) Configure(t *testing.T, f func(*netlink.Handle) error) {
	t.Helper()
	handle, err := netlink.NewHandleAt(n.Handle)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	if err := f(handle); err != nil {
		t.Fatalf("configure namespace %q: %v", n.Name, err)
	}
}

// Set sets a system control of the namespace, named by its path below /proc/sys.
func (n *Namespace) Set(t *testing.T, name, value string) {
	t.Helper()
	err := n.Do(Root, func() error { return os.WriteFile("/proc/sys/"+name, []byte(value), 0o644) })
	if err != nil {
		t.Fatal(err)
	}
}

// wire joins two namespaces, with an address of each family at both ends.
func wire(t *testing.T, a *Namespace, aName, aPlace string, b *Namespace, bName, bPlace string) {
	t.Helper()
	a.Configure(t, func(h *netlink.Handle) error {
		veth := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: bName, PeerNamespace: netlink.NsFd(b.Handle)}
		veth.Name = aName
		if err := h.LinkAdd(veth); err != nil {
			return err
		}
		if err := addAddresses(h, aName, aPlace, 24, 64); err != nil {
			return err
		}
		return up(h, aName)
	})
	b.Configure(t, func(h *netlink.Handle) error {
		if err := addAddresses(h, bName, bPlace, 24, 64); err != nil {
			return err
		}
		return up(h, bName)
	})
}

func up(h *netlink.Handle, name string) error {
	link, err := h.LinkByName(name)
	if err != nil {
		return err
	}
	return h.LinkSetUp(link)
}

func addAddresses(h *netlink.Handle, link, place string, bits ...int) error {
	found, err := h.LinkByName(link)
	if err != nil {
		return err
	}
	for family, bits := range bits {
		ip := Address(place, family)
		network := &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(bits, ip.BitLen())}
		// Usable at once: nobody else has the address.
		flags := []int{0, unix.IFA_F_NODAD}[family]
		if err := h.AddrAdd(found, &netlink.Addr{IPNet: network, Flags: flags}); err != nil {
			return err
		}
	}
	return nil
}

func defaultRoutes(h *netlink.Handle, link, gateway string) error {
	found, err := h.LinkByName(link)
	if err != nil {
		return err
	}
	for family := range 2 {
		route := &netlink.Route{LinkIndex: found.Attrs().Index, Gw: Address(gateway, family).AsSlice()}
		if err := h.RouteAdd(route); err != nil {
			return err
		}
	}
	return nil
}
