package rules

import (
	"net/netip"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
)

// inboundRedirect returns the chains for what comes in, in REDIRECT mode. Connections within the pod do not come here:
// where their destination goes was decided when they were sent.
func inboundRedirect(c config.Config) []Chain {
	capture := inboundPorts(c, number(Redirect, uint32(c.InboundPort)))
	base := baseChain("inbound", NAT, Prerouting, DestNAT)
	addRerouted(&base)
	base.add(do(Return), in(InInterface, excludedInterfaces))
	base.add(enter(Goto, captureInbound), tcp)
	return []Chain{capture, base}
}

// inboundPorts returns the chain that captures inbound TCP connections on the ports that are asked for.
func inboundPorts(c config.Config, captures ...[]Action) Chain {
	chain := Chain{Name: captureInbound}
	chain.add(do(Return), tcp, is(DestPort, portValue(c.TunnelPort)))
	chain.add(do(Return), tcp, in(DestPort, excludedInboundPorts))
	for _, capture := range captures {
		conditions := []Match{tcp}
		if !c.InboundPorts.All {
			conditions = and(conditions, in(DestPort, includedInboundPorts))
		}
		if capture[0].Verb == Drop {
			conditions = and(conditions, is(ConnState, hostValue(stateNew)))
		}
		chain.add(capture, conditions...)
	}
	return chain
}

// guard returns the chain that drops connections from outside to the ports where the proxy takes captured ones. A proxy
// that passes connections on to where they were going would call itself without end.
func guard() Chain {
	chain := baseChain("guard", Filter, Prerouting, Mangle)
	chain.add(do(Return), fromSelf)
	chain.add(do(Return), in(InInterface, excludedInterfaces))
	chain.add(do(Drop), tcp, in(DestPort, proxyPorts))
	return chain
}

// probes returns the chain for the kubelet's TCP probes: connections to a port of their own arrive at the application's,
// on the address that was asked, and the proxy never sees them. So the kubelet learns whether the application listens there.
func probes(c config.Config) Chain {
	chain := baseChain("probes", NAT, Prerouting, Probes)
	for _, pair := range c.ProbePorts {
		chain.add(number(DNAT, uint32(pair.To)), notIn(InInterface, reroutedInterfaces), tcp, is(DestPort, portValue(pair.From)))
	}
	return chain
}

// addRerouted adds the rules for connections from virtual machines of the pod: they are outbound.
func addRerouted(base *Chain) {
	base.add(do(Return), in(InInterface, reroutedInterfaces), tcp, in(DestPort, excludedOutboundPorts))
	base.add(enter(Goto, captureOutbound), in(InInterface, reroutedInterfaces))
}

// inboundTProxy returns the chains for what comes in, in TPROXY mode. The proxy gets the packets as they are, and may
// connect to the application from the client's address; the application's answers are then for an address elsewhere and
// have to stay here. Two marks, and the routes that go with the first, see to that:
//
//	c.Mark    stays on this host: captured packets, what the proxy sends with that mark (Envoy's listener filter
//	          original_src does), and the answers to it, by the connection's mark
//	c.Mark+1  the proxy calls an address of its own pod: captured when it comes in over loopback
//
// A connection that nobody takes is dropped: the action tproxy lets it pass otherwise, past the proxy.
func inboundTProxy(c config.Config) []Chain {
	tproxy := []Action{
		{Verb: TProxy, Number: uint32(c.InboundPort)},
		{Verb: SetMark, Number: c.Mark},
		{Verb: Accept},
	}
	capture := inboundPorts(c, tproxy, do(Drop))

	base := baseChain("inbound", Filter, Prerouting, Mangle)
	base.add(do(Return), isNot(L4Protocol, byteValue(protocolTCP)))
	base.add(do(Return), in(InInterface, excludedInterfaces))
	// Answers to connections of the pod itself.
	base.add(do(Return), is(ConnDirection, byteValue(directionReply)))
	base.add(do(Return), fromSelf, isNot(PacketMark, hostValue(c.Mark+1)))
	base.add(do(Return), in(InInterface, reroutedInterfaces))
	base.add(do(Return), in(DestPort, probePorts))
	base.add(enter(Goto, captureInbound))

	chains := []Chain{capture, base, ownMarks(c)}
	if len(c.RerouteInterfaces) > 0 {
		rerouted := baseChain("rerouted", NAT, Prerouting, DestNAT)
		addRerouted(&rerouted)
		chains = append(chains, rerouted)
	}
	return chains
}

// ownMarks returns the chain that gives what processes of the pod send the marks of TPROXY mode.
func ownMarks(c config.Config) Chain {
	chain := baseChain("marks", Route, Output, Mangle)
	chain.add(do(Return), isNot(L4Protocol, byteValue(protocolTCP)))
	chain.add([]Action{{Verb: SaveMark}, {Verb: Return}}, toSelf, is(PacketMark, hostValue(c.Mark)))
	chain.add([]Action{{Verb: SetMark, Number: c.Mark}, {Verb: Return}}, is(ConnMark, hostValue(c.Mark)))
	chain.add(do(Return), isNot(OutInterface, interfaceValue("lo")))
	if c.DNS {
		// As in REDIRECT mode: a DNS proxy asks a server in the pod.
		chain.add(do(Return), toDNS)
	}
	chain.add(do(Return), ipv4, is(Source4, addressValue(Passthrough4)))
	chain.add(do(Return), ipv6, is(Source6, addressValue(Passthrough6)))
	chain.add(do(Return), ipv4, in(Dest4, loopback4))
	chain.add(do(Return), ipv6, is(Dest6, addressValue(netip.IPv6Loopback())))
	chain.add(number(SetMark, c.Mark+1), in(OwnerUser, proxyUsers))
	chain.add(number(SetMark, c.Mark+1), in(OwnerGroup, proxyGroups))
	return chain
}
