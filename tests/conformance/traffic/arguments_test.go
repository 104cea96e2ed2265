//go:build linux

package traffic

import (
	"slices"
	"strings"

	"istio.io/istio/tools/common/config"
)

// groups are numbers for the groups that Istio's table names: this program takes numbers alone, and which number a name
// has is a matter of the machine.
var groups = strings.NewReplacer("java", "1000", "ftp", "2000")

// numbered returns the configuration with numbers for groups, and with all rules really applied.
func numbered(c config.Config) config.Config {
	c.OwnerGroupsInclude = groups.Replace(c.OwnerGroupsInclude)
	c.OwnerGroupsExclude = groups.Replace(c.OwnerGroupsExclude)
	c.DryRun = false
	return c
}

// widened returns the configuration with everything captured where it captures nothing in a direction, and whether it is
// another one then. Most rows of Istio's table capture nothing, and what they exclude would not be seen.
func widened(r row) (row, bool) {
	before := r.config
	if r.config.InboundPortsInclude == "" {
		r.config.InboundPortsInclude = "*"
	}
	if r.config.OutboundIPRangesInclude == "" && r.config.OutboundPortsInclude == "" {
		r.config.OutboundIPRangesInclude = "*"
	}
	r.name += ", widened"
	return r, r.config.InboundPortsInclude != before.InboundPortsInclude ||
		r.config.OutboundIPRangesInclude != before.OutboundIPRangesInclude
}

// contradictory reports whether a range is both included and excluded.
func contradictory(c config.Config) bool {
	return consistent(c).OutboundIPRangesInclude != c.OutboundIPRangesInclude
}

// consistent returns the configuration without the included ranges that are excluded too, as Istio understands it.
func consistent(c config.Config) config.Config {
	c.OutboundIPRangesInclude = strings.Join(slices.DeleteFunc(config.Split(c.OutboundIPRangesInclude), func(text string) bool {
		return slices.Contains(config.Split(c.OutboundIPRangesExclude), text)
	}), ",")
	return c
}

// arguments returns our program's arguments for a configuration, under the names that Istio's init container has.
func arguments(c config.Config) []string {
	args := []string{
		"-p", c.ProxyPort, "-z", c.InboundCapturePort, "-e", c.InboundTunnelPort, "-u", c.ProxyUID, "-g", c.ProxyGID,
		"-m", c.InboundInterceptionMode, "-t", c.InboundTProxyMark, "-r", c.InboundTProxyRouteTable,
		"-b", c.InboundPortsInclude, "-d", c.InboundPortsExclude, "-q", c.OutboundPortsInclude, "-o", c.OutboundPortsExclude,
		"-i", c.OutboundIPRangesInclude, "-x", c.OutboundIPRangesExclude, "-k", c.RerouteVirtualInterfaces, "-c", c.ExcludeInterfaces,
		"--include-outbound-groups", c.OwnerGroupsInclude, "--exclude-outbound-groups", c.OwnerGroupsExclude,
		"--loopback-ip-range", c.HostIPv4LoopbackCidr,
	}
	if capturesDNS(c) {
		args = append(args, "--redirect-dns", "--dns-servers", strings.Join(servers(c), ","))
	}
	if c.DropInvalid {
		args = append(args, "--drop-invalid")
	}
	return args
}

// capturesDNS reports whether queries are captured: Istio captures none where it knows no server, even if it is asked to.
func capturesDNS(c config.Config) bool { return c.RedirectDNS && len(servers(c)) > 0 }

func servers(c config.Config) []string { return slices.Concat(c.DNSServersV4, c.DNSServersV6) }
