//go:build linux

package traffic

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
	"istio.io/istio/tools/common/config"
)

// flow is one connection or query.
type flow struct {
	protocol string // tcp, udp
	from, to string
	port     int
	family   string
}

func (f flow) String() string {
	return fmt.Sprintf("%s %s: %s → %s:%d", f.protocol, f.family, f.from, f.to, f.port)
}

// further are addresses that the rows name, besides those of the world; an empty one is none.
var further = map[string][2]string{
	"one":       {"1.1.0.1", ""},                // the peer's
	"nine":      {"9.9.0.1", ""},                // the peer's
	"loopback3": {"127.1.2.3", ""},              // the pod's
	"resolver":  {"127.0.0.53", "::127.0.0.53"}, // the pod's
}

// address returns where the flow goes.
func (f flow) address() netip.AddrPort {
	family := world.Families()[f.family]
	if pair, ok := further[f.to]; ok {
		return netip.AddrPortFrom(netip.MustParseAddr(pair[family]), uint16(f.port))
	}
	return netip.AddrPortFrom(world.Address(f.to, family), uint16(f.port))
}

// callers returns the processes of the pod that connect: those who are the proxy for the configuration, in every way
// that one can be, and others.
func callers(c config.Config) map[string]world.Owner {
	users, groups := numbers(c.ProxyUID), numbers(c.ProxyGID)
	all := map[string]world.Owner{
		"application":        world.Application,
		"other user":         world.OtherUser,
		"root":               world.Root,
		"proxy":              {UID: users[0], GID: groups[0]},
		"proxy's user alone": {UID: users[0], GID: 3000},
		"proxy's group":      {UID: 0, GID: groups[0]},
	}
	if len(users) > 1 {
		all["second user"] = world.Owner{UID: users[1], GID: 3000}
	}
	if len(groups) > 1 {
		all["second group"] = world.Owner{UID: 3000, GID: groups[1]}
	}
	return all
}

// numbers returns those of a list.
func numbers(list string) []int {
	var all []int
	for _, text := range strings.Split(list, ",") {
		number, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		all = append(all, number)
	}
	return all
}

// destinations are where each process of the pod connects to.
var destinations = []flow{
	{to: "elsewhere", port: 80}, {to: "elsewhere", port: 32000}, {to: "elsewhere", port: 53},
	{to: "peer", port: 80}, {to: "database", port: 80}, {to: "one", port: 80}, {to: "nine", port: 80}, {to: "side", port: 80},
	{to: "service", port: 4000}, {to: "service", port: 8080},
	{to: "pod", port: 4000}, {to: "pod", port: 8080}, {to: "pod", port: 32000}, {to: "pod", port: 53}, {to: "pod", port: 15008},
	{to: "localhost", port: 4000}, {to: "localhost", port: 8080},
	{to: "loopback2", port: 8080}, {to: "loopback3", port: 8080}, {to: "loopback3", port: 4000},
	{to: "resolver", port: 53},
	{protocol: "udp", to: "resolver", port: 53}, {protocol: "udp", to: "dns", port: 53}, {protocol: "udp", to: "elsewhere", port: 53},
}

// arrivals are the connections from outside.
var arrivals = []flow{
	{from: "peer", to: "pod", port: 4000}, {from: "peer", to: "pod", port: 6000}, {from: "peer", to: "pod", port: 8080},
	{from: "peer", to: "pod", port: 32000}, {from: "peer", to: "pod", port: 53}, {from: "peer", to: "pod", port: 15008},
	{from: "peer", to: "side-pod", port: 4000}, {from: "peer", to: "side-pod", port: 8080},
	{from: "peer", to: "pod", port: world.OutboundPort}, {from: "peer", to: "pod", port: world.InboundPort},
	{from: "machine", to: "elsewhere", port: 80}, {from: "machine", to: "elsewhere", port: 32000},
	{from: "machine", to: "database", port: 80}, {from: "machine", to: "nine", port: 80},
	{from: "machine", to: "gateway", port: 4000}, {from: "machine", to: "gateway", port: 8080},
	{from: "machine", to: "gateway", port: world.OutboundPort},
}

// flows returns those that are sent for a configuration: over IPv4, and over IPv6 where the pod has that.
func flows(c config.Config) []flow {
	families := []string{"IPv4"}
	if c.EnableIPv6 {
		families = append(families, "IPv6")
	}
	var all []flow
	for _, family := range families {
		pairs := arrivals
		for _, from := range slices.Sorted(maps.Keys(callers(c))) {
			for _, f := range destinations {
				f.from = from
				pairs = append(pairs[:len(pairs):len(pairs)], f)
			}
		}
		for _, f := range pairs {
			f.family = family
			if f.protocol == "" {
				f.protocol = "tcp"
			}
			if pair, ok := further[f.to]; ok && pair[world.Families()[family]] == "" {
				continue
			}
			if f.to == "loopback2" && family == "IPv6" {
				continue // there is only one loopback address
			}
			if transparent(c) && f.from == "machine" && f.to != "gateway" {
				continue // the proxy would have to take the machine's address, and the answers would not come back to it
			}
			all = append(all, f)
		}
	}
	return all
}
