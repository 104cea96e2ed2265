package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// option is one command line option. Its other names and variables are those of Istio's init container
// (tools/istio-iptables/pkg/cmd in istio.io/istio), so that this program can take its place.
type option struct {
	name       string
	short      string
	alias      string   // Istio's long name
	variables  []string // environment variables that set it where the command line does not; the later win
	annotation string   // of the pod, from which the value comes
	value      string   // default
	isBool     bool
	usage      string
}

const traffic = "traffic.sidecar.istio.io/"

// options returns all options that have an effect.
func options() []option {
	return []option{
		{name: "mode", short: "m", alias: "istio-inbound-interception-mode", annotation: "sidecar.istio.io/interceptionMode",
			variables: []string{"ISTIO_INBOUND_INTERCEPTION_MODE"}, value: string(Redirect),
			usage: "REDIRECT or TPROXY for inbound traffic (outbound is redirected either way), or NONE"},
		{name: "outbound-port", short: "p", alias: "envoy-port", value: "15001",
			usage: "the proxy's port for outbound connections"},
		{name: "inbound-port", short: "z", alias: "inbound-capture-port", variables: []string{"INBOUND_CAPTURE_PORT"}, value: "15006",
			usage: "the proxy's port for inbound connections"},
		{name: "tunnel-port", short: "e", alias: "inbound-tunnel-port", variables: []string{"INBOUND_TUNNEL_PORT"}, value: "15008",
			usage: "an inbound port on which the proxy listens itself: never captured"},
		{name: "proxy-uid", short: "u", variables: []string{"PROXY_UID"}, value: "1337",
			usage: "users whose traffic is the proxy's own"},
		{name: "proxy-gid", short: "g", variables: []string{"PROXY_GID"},
			usage: "groups whose traffic is the proxy's own (default: the numbers of --proxy-uid)"},

		{name: "include-inbound-ports", short: "b", alias: "istio-inbound-ports", annotation: traffic + "includeInboundPorts",
			variables: []string{"ISTIO_INBOUND_PORTS"}, usage: `inbound ports to capture, "*" for all`},
		{name: "exclude-inbound-ports", short: "d", alias: "istio-local-exclude-ports", annotation: traffic + "excludeInboundPorts",
			variables: []string{"ISTIO_LOCAL_EXCLUDE_PORTS"}, usage: "inbound ports to leave alone"},
		{name: "probe-ports", usage: "pairs such as 15200:80: inbound connections to the first port go to the second, past the proxy"},
		{name: "include-outbound-ip-ranges", short: "i", alias: "istio-service-cidr", annotation: traffic + "includeOutboundIPRanges",
			variables: []string{"ISTIO_SERVICE_CIDR"}, usage: `destinations to capture, "*" for all`},
		{name: "exclude-outbound-ip-ranges", short: "x", alias: "istio-service-exclude-cidr", annotation: traffic + "excludeOutboundIPRanges",
			variables: []string{"ISTIO_SERVICE_EXCLUDE_CIDR"}, usage: "destinations to leave alone"},
		{name: "include-outbound-ports", short: "q", alias: "istio-outbound-ports", annotation: traffic + "includeOutboundPorts",
			variables: []string{"ISTIO_OUTBOUND_PORTS"}, usage: `outbound ports to capture besides, to any destination, "*" for all`},
		{name: "exclude-outbound-ports", short: "o", alias: "istio-local-outbound-ports-exclude", annotation: traffic + "excludeOutboundPorts",
			variables: []string{"ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE"}, usage: "outbound ports to leave alone"},
		{name: "exclude-interfaces", short: "c", alias: "istio-exclude-interfaces", annotation: traffic + "excludeInterfaces",
			variables: []string{"ISTIO_EXCLUDE_INTERFACES"}, usage: "network interfaces to leave alone"},
		{name: "reroute-interfaces", short: "k", alias: "kube-virt-interfaces", annotation: "istio.io/reroute-virtual-interfaces",
			variables: []string{"KUBE_VIRT_INTERFACES"}, usage: "interfaces of virtual machines: what comes in there is outbound"},
		{name: "include-outbound-groups", variables: []string{"ISTIO_OUTBOUND_OWNER_GROUPS"}, value: "*",
			usage: `groups, by number, whose outbound traffic is captured, "*" for all`},
		{name: "exclude-outbound-groups", variables: []string{"ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE"},
			usage: "groups, by number, whose outbound traffic is left alone"},
		{name: "loopback-ip-range", variables: []string{"ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR"}, value: "127.0.0.1/32",
			usage: "IPv4 range by which containers of the pod call each other: never captured"},

		{name: "redirect-dns", isBool: true, variables: []string{"REDIRECT_DNS", "ISTIO_META_DNS_CAPTURE"},
			usage: "send DNS queries (UDP and TCP, port 53) to the proxy's port 15053"},
		{name: "capture-all-dns", isBool: true, variables: []string{"CAPTURE_ALL_DNS"},
			usage: "with --redirect-dns: those to any server, not the configured ones alone"},
		{name: "dns-servers", usage: "with --redirect-dns: the configured servers (default: those of /etc/resolv.conf)"},
		{name: "drop-invalid", isBool: true, variables: []string{"DROP_INVALID", "INVALID_DROP"},
			usage: "drop packets that connection tracking calls invalid instead of answering with a reset"},
		{name: "tproxy-mark", short: "t", alias: "istio-inbound-tproxy-mark", variables: []string{"ISTIO_INBOUND_TPROXY_MARK"}, value: "1337",
			usage: "with TPROXY: the mark of packets that stay on this host; the next number is used too"},
		{name: "tproxy-route-table", short: "r", alias: "istio-inbound-tproxy-route-table", value: "133",
			variables: []string{"ISTIO_INBOUND_TPROXY_ROUTE_TABLE"}, usage: "with TPROXY: the routing table for them"},

		{name: "dry-run", short: "n", isBool: true, variables: []string{"DRY_RUN"},
			usage: "print the rules in nft's syntax, and the routes, and do nothing"},
		{name: "check", isBool: true, usage: "compare what there is with the arguments; exit code 1 and one line for each difference"},
		{name: "remove", isBool: true, alias: "cleanup-only", variables: []string{"CLEANUP_ONLY"},
			usage: "take rules and routes away again"},
	}
}

// foreign is an option of Istio's init container that has no counterpart here.
type foreign struct {
	name   string
	isBool bool
	reason string // why it changes nothing, or cannot be; empty if that is not worth a word
}

// ignored returns those that change nothing here.
func ignored() []foreign {
	return []foreign{
		{name: "dual-stack", isBool: true},
		{name: "native-nftables", isBool: true},
		{name: "log_output_level"},
		{name: "log_caller"},
		{name: "log_stacktrace_level"},
		{name: "log_target"},
		{name: "log_as_json", isBool: true},
		{name: "reconcile", isBool: true, reason: "the table is always replaced as a whole"},
		{name: "force-apply", isBool: true, reason: "the table is always replaced as a whole"},
		{name: "force-iptables-binary", reason: "iptables is not used"},
		{name: "iptables-probe-port", reason: "there is no probe, --check compares the rules"},
		{name: "probe-timeout", reason: "there is no probe, --check compares the rules"},
	}
}

// refused returns those that ask for something else than this program does.
func refused() []foreign {
	return []foreign{
		{name: "run-validation", isBool: true, reason: "it is for rules that Istio's CNI plugin made; use --check for those made here"},
		{name: "skip-rule-apply", isBool: true, reason: "it is for rules that Istio's CNI plugin makes; leave this container out"},
		{name: "network-namespace", reason: "the program works in the network namespace that it runs in"},
		{name: "cni-mode", isBool: true, reason: "the program is no part of a CNI plugin"},
	}
}

// String names the option as messages do: `-x / --exclude-outbound-ip-ranges (annotation …)`.
func (o option) String() string {
	var b strings.Builder
	if o.short != "" {
		fmt.Fprintf(&b, "-%s / ", o.short)
	}
	fmt.Fprintf(&b, "--%s", o.name)
	if o.annotation != "" {
		fmt.Fprintf(&b, " (annotation %s)", o.annotation)
	}
	return b.String()
}

// Flags defines all options on flags, under Istio's names too. Parse reads them.
func Flags(flags *pflag.FlagSet) {
	aliases := map[string]pflag.NormalizedName{}
	for _, o := range options() {
		if o.alias != "" {
			aliases[o.alias] = pflag.NormalizedName(o.name)
		}
	}
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if canonical, ok := aliases[name]; ok {
			return canonical
		}
		return pflag.NormalizedName(name)
	})
	for _, o := range options() {
		if o.isBool {
			flags.BoolP(o.name, o.short, false, o.usage)
		} else {
			flags.StringP(o.name, o.short, o.value, o.usage)
		}
	}
	for _, other := range slices.Concat(ignored(), refused()) {
		flags.String(other.name, "", "")
		flag := flags.Lookup(other.name)
		flag.Hidden = true
		if other.isBool {
			flag.NoOptDefVal = "true"
		}
	}
}
