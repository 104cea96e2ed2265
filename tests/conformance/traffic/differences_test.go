//go:build linux

package traffic

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
	"istio.io/istio/tools/common/config"
)

// difference is a difference between the rules that is meant.
type difference struct {
	name, why string
	// ours returns what comes of a flow with our rules, from what comes of it with Istio's, and whether the flow is
	// concerned.
	ours func(c config.Config, f flow, theirs string) (string, bool)
}

// refusal is the name of the one difference that is not about flows.
const refusal = "contradictions are refused"

// differences lists them; of those that concern a flow the first holds. Each has to happen wherever it says, and
// nowhere else.
func differences() []difference {
	return []difference{
		{
			"the proxy's ports are shut",
			"a connection from outside to a port where the proxy takes captured ones makes a proxy that passes connections on " +
				"to where they were going call itself without end; our rules drop it",
			func(_ config.Config, f flow, _ string) (string, bool) { return "no answer", toProxyPort(f) },
		},
		{
			"the tunnel's port, transparently",
			"in mode TPROXY with all ports Istio captures the tunnel's port too, which it does not in mode REDIRECT; ours never does",
			func(c config.Config, f flow, theirs string) (string, bool) {
				return direct(f), transparent(c) && strconv.Itoa(f.port) == c.InboundTunnelPort && strings.Contains(theirs, "proxy inbound")
			},
		},
		{
			"the user of a transparent proxy",
			"Istio runs its proxy as root in mode TPROXY; what a proxy with its own user sends to its own pod is redirected, as in " +
				"the other mode, to a port that takes no redirected connections; ours know such a proxy by its user too",
			func(c config.Config, f flow, _ string) (string, bool) {
				return own(c, f), transparent(c) && ownPod(c, f) && firstUser(f) && strconv.Itoa(f.port) != c.InboundTunnelPort
			},
		},
		{
			"a DNS server in the pod, transparently",
			"in mode TPROXY with DNS captured Istio redirects what its proxy, known by its group, sends to port 53 of its own pod " +
				"back to the proxy; ours leave it alone, so that queries from outside reach a server in the pod",
			func(c config.Config, f flow, _ string) (string, bool) {
				applies := transparent(c) && capturesDNS(c) && f.protocol == "tcp" && f.port == 53
				if f.from == "peer" {
					return inbound(f), applies
				}
				return own(c, f), applies && ownPod(c, f) && isProxy(f)
			},
		},
		{
			"the proxy's call of its own pod",
			"it is inbound for Istio on every port; for ours on those whose inbound connections are captured, as for callers from outside",
			func(c config.Config, f flow, theirs string) (string, bool) {
				own := f.from != "peer" || strings.HasPrefix(theirs, "proxy outbound")
				return without(theirs, "proxy inbound"), own && !ownCaptured(c, f.port) && strings.Contains(theirs, "proxy inbound")
			},
		},
		{
			"the first user hides the others",
			"what the proxy's other users and groups send to their own pod is left alone by Istio, since a rule for the first user " +
				"comes before theirs; for ours all of them are the proxy",
			func(c config.Config, f flow, _ string) (string, bool) {
				return own(c, f), !transparent(c) && ownPod(c, f) && isProxy(f) && !firstUser(f) && ownCaptured(c, f.port) && !includesLoopback(c)
			},
		},
		{
			"exclusions hold for virtual machines",
			"Istio's excluded ranges do not hold for what comes in over a rerouted interface; ours do",
			func(c config.Config, f flow, theirs string) (string, bool) {
				return without(theirs, "proxy outbound"), f.from == "machine" && excluded(c, f)
			},
		},
		{
			refusal,
			"a range that is both included and excluded is refused by ours; for Istio it is excluded",
			nil,
		},
	}
}

func transparent(c config.Config) bool { return c.InboundInterceptionMode == "TPROXY" }

// toProxyPort reports whether the flow comes from outside to one of the proxy's ports.
func toProxyPort(f flow) bool {
	return (f.from == "peer" || f.from == "machine") && (f.port == world.InboundPort || f.port == world.OutboundPort)
}

// isProxy reports whether the caller is the proxy in some way, and firstUser whether it is its first user.
func isProxy(f flow) bool {
	return firstUser(f) || f.from == "proxy's group" || f.from == "second user" || f.from == "second group"
}

func firstUser(f flow) bool { return f.from == "proxy" || f.from == "proxy's user alone" }

// ownPod reports whether a process of the pod connects to an address of the pod that is not one by which its containers
// call each other.
func ownPod(c config.Config, f flow) bool {
	outside := f.from == "peer" || f.from == "machine"
	inside := slices.Contains([]string{"pod", "localhost", "loopback2", "loopback3", "resolver"}, f.to)
	if outside || !inside || f.protocol != "tcp" {
		return false
	}
	address := f.address().Addr()
	return !netip.MustParsePrefix(c.HostIPv4LoopbackCidr).Masked().Contains(address) && address != netip.IPv6Loopback()
}

// ownCaptured reports whether our rules capture what the proxy sends to a port of its own pod.
func ownCaptured(c config.Config, port int) bool {
	text := strconv.Itoa(port)
	included := c.InboundPortsInclude == "*" || slices.Contains(config.Split(c.InboundPortsInclude), text)
	return included && !slices.Contains(config.Split(c.InboundPortsExclude), text) && text != c.InboundTunnelPort &&
		(!capturesDNS(c) || port != 53)
}

// includesLoopback reports whether outbound connections to loopback addresses are captured.
func includesLoopback(c config.Config) bool {
	v4, v6, err := config.SeparateV4V6(c.OutboundIPRangesInclude)
	return err == nil && (v4.HasLoopBackIP || v6.HasLoopBackIP)
}

// excluded reports whether the flow goes to an excluded range.
func excluded(c config.Config, f flow) bool {
	for _, text := range config.Split(c.OutboundIPRangesExclude) {
		if netip.MustParsePrefix(text).Contains(f.address().Addr()) {
			return true
		}
	}
	return false
}

// Outcomes of flows to the pod.

func direct(f flow) string { return "application at " + world.Placed(f.address()) }

func inbound(f flow) string {
	return "proxy inbound to " + world.Placed(f.address()) + ", " + direct(f)
}

func own(c config.Config, f flow) string {
	if ownCaptured(c, f.port) {
		return inbound(f)
	}
	return direct(f)
}

// without returns the outcome without what the proxy did in one direction.
func without(outcome, taker string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(outcome, ", "), func(step string) bool {
		return strings.HasPrefix(step, taker)
	}), ", ")
}
