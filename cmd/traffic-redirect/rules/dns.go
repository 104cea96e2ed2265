package rules

import "github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"

// Zones of connection tracking for DNS over UDP. The application and the DNS proxy may ask the same server from the same
// port one after the other; in one zone the second query would be taken for the first, and sent to the proxy.
const (
	upstreamZone    = 1 // between the DNS proxy and servers
	applicationZone = 2 // between the application and the DNS proxy
)

// dnsZones returns the chains that put packets of DNS into zones, before connection tracking sees them.
func dnsZones(c config.Config) []Chain {
	zone := func(n uint32) []Action { return []Action{{Verb: SetZone, Number: n}, {Verb: Return}} }
	out := baseChain("dns-out", Filter, Output, Raw)
	fromDNSProxy := is(SourcePort, portValue(config.DNSPort))
	for _, owner := range []Match{in(OwnerUser, proxyUsers), in(OwnerGroup, proxyGroups)} {
		out.add(zone(upstreamZone), udp, toDNS, owner)
		out.add(zone(applicationZone), udp, fromDNSProxy, owner)
	}
	addForServers(&out, c, zone(applicationZone), Dest4, Dest6, udp, toDNS)

	in := baseChain("dns-in", Filter, Prerouting, Raw)
	addForServers(&in, c, zone(upstreamZone), Source4, Source6, udp, is(SourcePort, portValue(53)))
	return []Chain{out, in}
}

// addForServers adds rules for packets whose address, by the key of its family, is that of a captured DNS server.
func addForServers(chain *Chain, c config.Config, actions []Action, key4, key6 Key, conditions ...Match) {
	if c.AllDNS {
		chain.add(actions, conditions...)
		return
	}
	chain.add(actions, and(conditions, ipv4, in(key4, dnsServers4))...)
	chain.add(actions, and(conditions, ipv6, in(key6, dnsServers6))...)
}
