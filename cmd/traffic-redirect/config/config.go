package config

import "net/netip"

// Config says which traffic of a pod goes through its proxy. Parse returns it checked; the zero value captures nothing.
type Config struct {
	Mode Mode

	OutboundPort uint16 // where the proxy takes outbound connections
	InboundPort  uint16 // where it takes inbound ones
	TunnelPort   uint16 // inbound connections to it are for the proxy already

	ProxyUsers  []uint32 // whose traffic is the proxy's own
	ProxyGroups []uint32

	InboundPorts         Ports // captured, but for
	ExcludeInboundPorts  []uint16
	ProbePorts           []PortPair // inbound, past the proxy
	OutboundPorts        Ports      // captured to any address, besides
	OutboundRanges       Ranges     // captured on any port, but for
	ExcludeOutboundPorts []uint16
	ExcludeRanges        []netip.Prefix

	OutboundGroups        Groups // whose outbound traffic is captured, but for
	ExcludeOutboundGroups []uint32

	ExcludeInterfaces []string // neither inbound nor outbound is captured
	RerouteInterfaces []string // what comes in there, from virtual machines, is outbound

	DNS         bool         // queries of DNSServers, or all with AllDNS, go to DNSPort
	AllDNS      bool         //
	DNSServers  []netip.Addr //
	Loopback    netip.Prefix // IPv4 destinations by which containers of the pod call each other
	DropInvalid bool         // packets that connection tracking calls invalid
	Mark        uint32       // of TPROXY: packets that stay on this host; Mark+1 the proxy's own to the pod
	RouteTable  int          // of TPROXY: the routing table that keeps them here
}

// Mode is how inbound traffic is captured. Outbound traffic is redirected in both.
type Mode string

// The modes.
const (
	Redirect Mode = "REDIRECT" // the destination is rewritten; the proxy asks for SO_ORIGINAL_DST
	TProxy   Mode = "TPROXY"   // nothing is rewritten; the proxy needs IP_TRANSPARENT
	None     Mode = "NONE"     // nothing is captured, and rules of an earlier run are removed
)

// DNSPort is where the proxy takes captured DNS queries. Istio's agent listens there, and it is no option there either.
const DNSPort = 15053

// Ports is a list of ports, or all of them.
type Ports struct {
	All  bool
	List []uint16
}

// PortPair says that inbound connections to the port From arrive at the port To.
type PortPair struct{ From, To uint16 }

// Ranges is a list of IP ranges, or all of both families.
type Ranges struct {
	All  bool
	List []netip.Prefix
}

// Groups is a list of group numbers, or all of them.
type Groups struct {
	All  bool
	List []uint32
}

// CapturesLoopback reports whether the outbound ranges name loopback addresses. Then what applications of the pod send
// each other is captured like the rest.
func (c Config) CapturesLoopback() bool {
	for _, prefix := range c.OutboundRanges.List {
		if prefix.Addr().IsLoopback() {
			return true
		}
	}
	return false
}

// Action is what the program is asked to do.
type Action string

// The actions.
const (
	Apply  Action = "apply"
	DryRun Action = "dry-run"
	Check  Action = "check"
	Remove Action = "remove"
)
