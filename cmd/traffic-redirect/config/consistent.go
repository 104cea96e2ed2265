package config

import "fmt"

// consistent returns an error where options contradict each other.
func (r *reader) consistent(c Config) error {
	if c.OutboundPort == c.InboundPort {
		return fmt.Errorf("%s: \"%d\" is the port of %s too", find("inbound-port"), c.InboundPort, find("outbound-port"))
	}
	if len(c.ProxyUsers) == 0 && len(c.ProxyGroups) == 0 {
		return fmt.Errorf("%s: no user and no group is the proxy's, its own traffic would come back to it", find("proxy-uid"))
	}
	if err := probePorts(c); err != nil {
		return err
	}
	for _, err := range []error{
		disjoint("include-inbound-ports", c.InboundPorts.List, "exclude-inbound-ports", c.ExcludeInboundPorts),
		disjoint("include-outbound-ports", c.OutboundPorts.List, "exclude-outbound-ports", c.ExcludeOutboundPorts),
		disjoint("include-outbound-ip-ranges", c.OutboundRanges.List, "exclude-outbound-ip-ranges", c.ExcludeRanges),
		disjoint("include-outbound-groups", c.OutboundGroups.List, "exclude-outbound-groups", c.ExcludeOutboundGroups),
		disjoint("reroute-interfaces", c.RerouteInterfaces, "exclude-interfaces", c.ExcludeInterfaces),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// probePorts returns an error if two pairs of probe ports begin with one port, or one begins with a port of the proxy.
func probePorts(c Config) error {
	taken := map[uint16]option{c.OutboundPort: find("outbound-port"), c.InboundPort: find("inbound-port"), c.TunnelPort: find("tunnel-port")}
	for _, pair := range c.ProbePorts {
		if by, ok := taken[pair.From]; ok {
			return fmt.Errorf("%s: \"%d\" is the port of %s too", find("probe-ports"), pair.From, by)
		}
		taken[pair.From] = find("probe-ports")
	}
	return nil
}

// disjoint returns an error if the two lists have an element in common.
func disjoint[T comparable](include string, included []T, exclude string, excluded []T) error {
	taken := make(map[T]bool, len(included))
	for _, element := range included {
		taken[element] = true
	}
	for _, element := range excluded {
		if taken[element] {
			return fmt.Errorf("%s: \"%v\" is in %s too", find(exclude), element, find(include))
		}
	}
	return nil
}
