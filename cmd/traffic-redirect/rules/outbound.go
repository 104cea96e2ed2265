package rules

import (
	"net/netip"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
)

// Names of the chains that others enter.
const (
	captureOutbound = "capture-outbound"
	captureInbound  = "capture-inbound"
	fromProxy       = "from-proxy"
)

// outbound returns the chains for what processes of the pod send. The first rule that applies decides:
//
//	an excluded interface or port                     left alone
//	from 127.0.0.6 or ::6 to the pod itself           left alone: the proxy passes an inbound connection on
//	the proxy, to an address of the pod               inbound (REDIRECT; for TPROXY see ownMarks)
//	the proxy, elsewhere                              left alone
//	another process, to an address of the pod         left alone, unless loopback ranges are included
//	an excluded group, or none of the included ones   left alone
//	a DNS query                                       to the proxy's DNS port, where asked for
//	the loopback range, an excluded range             left alone
//	an included port or range                         to the proxy's outbound port
//	the rest                                          left alone
//
// This is the order of Istio's rules (tools/istio-iptables/pkg/capture in istio.io/istio). Different are: several users
// and groups of the proxy are alike, where there the first user hides the others; the proxy's call of its own pod is
// inbound only on ports whose inbound connections are captured; exclusions hold for virtual machines too; and outsiders
// do not reach the proxy's ports (see guard).
func outbound(c config.Config) []Chain {
	out := baseChain("outbound", NAT, Output, DestNAT)
	out.add(do(Return), in(OutInterface, excludedInterfaces))
	out.add(do(Return), tcp, in(DestPort, excludedOutboundPorts))
	out.add(do(Return), udp, in(DestPort, excludedOutboundPorts))
	out.add(do(Return), toSelf, ipv4, is(Source4, addressValue(Passthrough4)))
	out.add(do(Return), toSelf, ipv6, is(Source6, addressValue(Passthrough6)))
	proxy := do(Return)
	if c.Mode == config.Redirect {
		proxy = enter(Goto, fromProxy)
	}
	out.add(proxy, in(OwnerUser, proxyUsers))
	out.add(proxy, in(OwnerGroup, proxyGroups))
	switch {
	case c.CapturesLoopback():
	case c.DNS:
		// A DNS server may listen on loopback. UDP goes on: only rules for DNS match it.
		out.add(do(Return), toSelf, tcp, notToDNS)
	default:
		out.add(do(Return), toSelf)
	}
	out.add(do(Return), in(OwnerGroup, excludedGroups))
	if !c.OutboundGroups.All {
		out.add(do(Return), notIn(OwnerGroup, includedGroups))
	}
	if c.DNS {
		for _, protocol := range []Match{udp, tcp} {
			addForServers(&out, c, number(Redirect, config.DNSPort), Dest4, Dest6, protocol, toDNS)
		}
	}
	out.add(enter(Goto, captureOutbound))

	capture := Chain{Name: captureOutbound}
	capture.add(do(Return), ipv4, in(Dest4, loopback4))
	capture.add(do(Return), ipv6, is(Dest6, addressValue(netip.IPv6Loopback())))
	capture.add(do(Return), ipv4, in(Dest4, excludedRanges4))
	capture.add(do(Return), ipv6, in(Dest6, excludedRanges6))
	redirect := number(Redirect, uint32(c.OutboundPort))
	if c.OutboundRanges.All || c.OutboundPorts.All {
		capture.add(redirect, tcp)
	} else {
		capture.add(redirect, tcp, in(DestPort, includedOutboundPorts))
		capture.add(redirect, tcp, ipv4, in(Dest4, includedRanges4))
		capture.add(redirect, tcp, ipv6, in(Dest6, includedRanges6))
	}
	chains := []Chain{capture}
	if c.Mode == config.Redirect {
		chains = append(chains, ownTraffic(c))
	}
	return append(chains, out)
}

// ownTraffic returns the chain for what the proxy sends, in REDIRECT mode: to the pod itself it is inbound.
func ownTraffic(c config.Config) Chain {
	chain := Chain{Name: fromProxy}
	conditions := []Match{toSelf, tcp}
	if c.DNS {
		// A DNS proxy asks a server in the pod.
		conditions = and(conditions, notToDNS)
	}
	chain.add(enter(Goto, captureInbound), and(conditions, ipv4, notIn(Dest4, loopback4))...)
	chain.add(enter(Goto, captureInbound), and(conditions, ipv6, isNot(Dest6, addressValue(netip.IPv6Loopback())))...)
	return chain
}
