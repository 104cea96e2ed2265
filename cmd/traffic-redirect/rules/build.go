package rules

import (
	"net/netip"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
)

// Names of the sets.
const (
	proxyUsers            = "proxy-users"
	proxyGroups           = "proxy-groups"
	proxyPorts            = "proxy-ports"
	probePorts            = "probe-ports"
	excludedInterfaces    = "excluded-interfaces"
	reroutedInterfaces    = "rerouted-interfaces"
	includedInboundPorts  = "included-inbound-ports"
	excludedInboundPorts  = "excluded-inbound-ports"
	includedOutboundPorts = "included-outbound-ports"
	excludedOutboundPorts = "excluded-outbound-ports"
	includedRanges4       = "included-ranges-ipv4"
	includedRanges6       = "included-ranges-ipv6"
	excludedRanges4       = "excluded-ranges-ipv4"
	excludedRanges6       = "excluded-ranges-ipv6"
	includedGroups        = "included-groups"
	excludedGroups        = "excluded-groups"
	dnsServers4           = "dns-servers-ipv4"
	dnsServers6           = "dns-servers-ipv6"
	loopback4             = "loopback-ipv4"
)

// Addresses from which a proxy connects to its own pod when a captured inbound connection goes on to the application;
// those are not captured again. Istio's Envoy configuration binds to them (upstreamBindConfig of the cluster
// InboundPassthroughCluster). The IPv6 one has to be added to the loopback interface.
//
// Passthrough4 and Passthrough6 are variables only because Go has no constant addresses.
var (
	Passthrough4 = netip.MustParseAddr("127.0.0.6")
	Passthrough6 = netip.MustParseAddr("::6")
)

// Build returns the rules that do what c says. c is one that config.Parse returned. The mode NONE has no rules.
func Build(c config.Config) Ruleset {
	if c.Mode == config.None {
		return Ruleset{}
	}
	all := Ruleset{Sets: sets(c), Chains: append(outbound(c), guard())}
	if c.Mode == config.TProxy {
		all.Chains = append(all.Chains, inboundTProxy(c)...)
	} else {
		all.Chains = append(all.Chains, inboundRedirect(c)...)
	}
	all.Chains = append(all.Chains, probes(c))
	if c.DNS {
		all.Chains = append(all.Chains, dnsZones(c)...)
	}
	if c.DropInvalid {
		drop := baseChain("drop-invalid", Filter, Prerouting, Mangle)
		drop.add(do(Drop), is(ConnState, hostValue(stateInvalid)))
		all.Chains = append(all.Chains, drop)
	}
	return all.pruned()
}

// sets returns all sets, empty ones too.
func sets(c config.Config) []Set {
	include4, include6 := split(c.OutboundRanges.List)
	exclude4, exclude6 := split(c.ExcludeRanges)
	probed := make([]uint16, 0, len(c.ProbePorts))
	for _, pair := range c.ProbePorts {
		probed = append(probed, pair.From)
	}
	servers := make([]netip.Prefix, 0, len(c.DNSServers))
	for _, server := range c.DNSServers {
		servers = append(servers, netip.PrefixFrom(server, server.BitLen()))
	}
	server4, server6 := split(servers)
	return []Set{
		keySet(proxyUsers, User, c.ProxyUsers, hostValue),
		keySet(proxyGroups, Group, c.ProxyGroups, hostValue),
		keySet(proxyPorts, Port, []uint16{c.OutboundPort, c.InboundPort}, portValue),
		keySet(probePorts, Port, probed, portValue),
		keySet(excludedInterfaces, Interface, c.ExcludeInterfaces, interfaceValue),
		keySet(reroutedInterfaces, Interface, c.RerouteInterfaces, interfaceValue),
		keySet(includedInboundPorts, Port, c.InboundPorts.List, portValue),
		keySet(excludedInboundPorts, Port, c.ExcludeInboundPorts, portValue),
		keySet(includedOutboundPorts, Port, c.OutboundPorts.List, portValue),
		keySet(excludedOutboundPorts, Port, c.ExcludeOutboundPorts, portValue),
		rangeSet(includedRanges4, Address4, include4),
		rangeSet(includedRanges6, Address6, include6),
		rangeSet(excludedRanges4, Address4, exclude4),
		rangeSet(excludedRanges6, Address6, exclude6),
		keySet(includedGroups, Group, c.OutboundGroups.List, hostValue),
		keySet(excludedGroups, Group, c.ExcludeOutboundGroups, hostValue),
		rangeSet(dnsServers4, Address4, server4),
		rangeSet(dnsServers6, Address6, server6),
		rangeSet(loopback4, Address4, []netip.Prefix{c.Loopback}),
	}
}

func split(prefixes []netip.Prefix) (v4, v6 []netip.Prefix) {
	for _, prefix := range prefixes {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	return v4, v6
}

// pruned returns the ruleset without empty sets: what can be in an empty set alone never happens, what must not be in
// one is no condition. Sets and chains that nothing uses go too.
func (r Ruleset) pruned() Ruleset {
	filled, used := map[string]bool{}, map[string]bool{}
	for _, set := range r.Sets {
		filled[set.Name] = len(set.Elements) > 0
	}
	var result Ruleset
	for _, chain := range r.Chains {
		kept := Chain{Name: chain.Name, Hook: chain.Hook}
		for _, rule := range chain.Rules {
			if rule, possible := rule.pruned(filled); possible {
				kept.Rules = append(kept.Rules, rule)
				for _, match := range rule.Matches {
					used[match.Set] = true
				}
			}
		}
		if kept.Hook == nil || len(kept.Rules) > 0 {
			result.Chains = append(result.Chains, kept)
		}
	}
	for _, set := range r.Sets {
		if used[set.Name] {
			result.Sets = append(result.Sets, set)
		}
	}
	return result
}

// pruned returns the rule without conditions on sets that are not filled, and whether it can apply to any packet.
func (r Rule) pruned(filled map[string]bool) (Rule, bool) {
	result := Rule{Actions: r.Actions}
	for _, match := range r.Matches {
		if match.Set == "" || filled[match.Set] {
			result.Matches = append(result.Matches, match)
		} else if !match.Not {
			return Rule{}, false
		}
	}
	return result, true
}
