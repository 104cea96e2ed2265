package config

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/pflag"
)

// Environment returns an environment variable's value and whether it is set, as os.LookupEnv does.
type Environment func(name string) (string, bool)

// Parsed is what the command line asks for.
type Parsed struct {
	Action Action
	Config Config
	Notes  []string // one line for each option that was given and has no effect
}

// Parse reads the flags that Flags defined and that were parsed, and for those that the command line does not set, the
// environment variables that Istio's init container reads. It checks everything: an error names the option, the
// annotation that its value comes from, the value, and what is wrong with it.
func Parse(flags *pflag.FlagSet, environment Environment) (Parsed, error) {
	r := &reader{flags: flags, environment: environment}
	var parsed Parsed
	for _, other := range refused() {
		if flag := flags.Lookup(other.name); flag.Changed && flag.Value.String() != "false" {
			return Parsed{}, fmt.Errorf("--%s is not supported: %s", other.name, other.reason)
		}
	}
	for _, other := range ignored() {
		if flags.Changed(other.name) && other.reason != "" {
			parsed.Notes = append(parsed.Notes, fmt.Sprintf("--%s has no effect: %s", other.name, other.reason))
		}
	}
	parsed.Action = r.action()
	parsed.Config = r.config()
	if r.err == nil {
		r.err = r.consistent(parsed.Config)
	}
	if r.err != nil {
		return Parsed{}, r.err
	}
	if c := parsed.Config; c.AllDNS && !c.DNS {
		parsed.Notes = append(parsed.Notes, "--capture-all-dns has no effect: --redirect-dns is not given")
	}
	return parsed, nil
}

// reader reads options one after another and keeps the first error.
type reader struct {
	flags       *pflag.FlagSet
	environment Environment
	err         error
}

// action returns what is asked for; more than one is an error.
func (r *reader) action() Action {
	action := Apply
	for _, candidate := range []Action{DryRun, Check, Remove} {
		if !r.boolean(string(candidate)) {
			continue
		}
		if action != Apply && r.err == nil {
			r.err = fmt.Errorf("--%s and --%s exclude each other", action, candidate)
		}
		action = candidate
	}
	return action
}

func (r *reader) config() Config {
	users := r.text("proxy-uid")
	groups := r.text("proxy-gid")
	c := Config{
		Mode:                  r.mode(),
		OutboundPort:          one(r, "outbound-port", parsePort),
		InboundPort:           one(r, "inbound-port", parsePort),
		TunnelPort:            one(r, "tunnel-port", parsePort),
		ProxyUsers:            list(r, "proxy-uid", users, parseID),
		InboundPorts:          Ports(all(r, "include-inbound-ports", parsePort)),
		ExcludeInboundPorts:   list(r, "exclude-inbound-ports", r.text("exclude-inbound-ports"), parsePort),
		ProbePorts:            list(r, "probe-ports", r.text("probe-ports"), parsePortPair),
		OutboundPorts:         Ports(all(r, "include-outbound-ports", parsePort)),
		ExcludeOutboundPorts:  list(r, "exclude-outbound-ports", r.text("exclude-outbound-ports"), parsePort),
		OutboundRanges:        Ranges(all(r, "include-outbound-ip-ranges", parseRange)),
		ExcludeRanges:         list(r, "exclude-outbound-ip-ranges", r.text("exclude-outbound-ip-ranges"), parseRange),
		OutboundGroups:        Groups(all(r, "include-outbound-groups", parseID)),
		ExcludeOutboundGroups: list(r, "exclude-outbound-groups", r.text("exclude-outbound-groups"), parseID),
		ExcludeInterfaces:     list(r, "exclude-interfaces", r.text("exclude-interfaces"), parseInterface),
		RerouteInterfaces:     list(r, "reroute-interfaces", r.text("reroute-interfaces"), parseInterface),
		DNS:                   r.boolean("redirect-dns"),
		AllDNS:                r.boolean("capture-all-dns"),
		DNSServers:            list(r, "dns-servers", r.text("dns-servers"), parseAddress),
		Loopback:              one(r, "loopback-ip-range", parseLoopback),
		DropInvalid:           r.boolean("drop-invalid"),
		Mark:                  one(r, "tproxy-mark", parseMark),
		RouteTable:            int(one(r, "tproxy-route-table", parseTable)),
	}
	if groups == "" {
		groups = users
	}
	c.ProxyGroups = list(r, "proxy-gid", groups, parseID)
	return c
}

// text returns an option's value: from the command line, else from the last of its environment variables that is set,
// else its default.
func (r *reader) text(name string) string {
	flag := r.flags.Lookup(name)
	if !flag.Changed {
		for _, variable := range slices.Backward(find(name).variables) {
			if value, ok := r.environment(variable); ok {
				return value
			}
		}
	}
	return flag.Value.String()
}

func (r *reader) boolean(name string) bool {
	text := r.text(name)
	value, err := strconv.ParseBool(text)
	if err != nil {
		r.fail(name, text, "is neither true nor false")
	}
	return value
}

// mode returns the mode; Istio's init container takes an empty one for REDIRECT.
func (r *reader) mode() Mode {
	text := r.text("mode")
	switch mode := Mode(text); mode {
	case "":
		return Redirect
	case Redirect, TProxy, None:
		return mode
	}
	r.fail("mode", text, "is not allowed, want REDIRECT, TPROXY or NONE")
	return ""
}

// fail keeps the error, if it is the first.
func (r *reader) fail(name, value, problem string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %q %s", find(name), value, problem)
	}
}

// find returns the option of the name, or one of the name alone.
func find(name string) option {
	for _, o := range options() {
		if o.name == name {
			return o
		}
	}
	return option{name: name}
}
