package config

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"
)

// parse parses a command line.
func parse(t *testing.T, args []string, environment map[string]string) (Parsed, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	Flags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return Parse(flags, func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	})
}

// defaults returns what no arguments mean.
func defaults() Config {
	return Config{
		Mode: Redirect, OutboundPort: 15001, InboundPort: 15006, TunnelPort: 15008,
		ProxyUsers: []uint32{1337}, ProxyGroups: []uint32{1337},
		OutboundGroups: Groups{All: true},
		Loopback:       netip.MustParsePrefix("127.0.0.1/32"),
		Mark:           1337, RouteTable: 133,
	}
}

func TestParse(t *testing.T) {
	for sentence, c := range map[string]struct {
		args        []string
		environment map[string]string
		change      func(*Config)
	}{
		"nothing": {},
		"the proxy's groups are its users' numbers": {
			args:   []string{"-u", "7,8"},
			change: func(c *Config) { c.ProxyUsers, c.ProxyGroups = []uint32{7, 8}, []uint32{7, 8} },
		},
		"unless they are given": {
			args:   []string{"-u", "7", "-g", "9"},
			change: func(c *Config) { c.ProxyUsers, c.ProxyGroups = []uint32{7}, []uint32{9} },
		},
		"an empty mode is Istio's for REDIRECT": {args: []string{"-m", ""}},
		"all or a list": {
			args: []string{"-b", "*", "-q", "1,2", "-i", " * "},
			change: func(c *Config) {
				c.InboundPorts.All, c.OutboundRanges.All = true, true
				c.OutboundPorts.List = []uint16{1, 2}
			},
		},
		"white space and empty elements of lists": {
			args:   []string{"-o", " 53, ,123,"},
			change: func(c *Config) { c.ExcludeOutboundPorts = []uint16{53, 123} },
		},
		"ports of probes": {
			args:   []string{"--probe-ports", "15200:80, 15201:443"},
			change: func(c *Config) { c.ProbePorts = []PortPair{{15200, 80}, {15201, 443}} },
		},
		"bits of hosts in ranges": {
			args:   []string{"-x", "10.1.2.3/8"},
			change: func(c *Config) { c.ExcludeRanges = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} },
		},
		"the environment": {
			environment: map[string]string{"PROXY_UID": "7", "ISTIO_META_DNS_CAPTURE": "true", "CAPTURE_ALL_DNS": "1"},
			change: func(c *Config) {
				c.ProxyUsers, c.ProxyGroups = []uint32{7}, []uint32{7}
				c.DNS, c.AllDNS = true, true
			},
		},
		"the command line before the environment": {
			args:        []string{"--redirect-dns=false", "-u", "8", "-d", ""},
			environment: map[string]string{"PROXY_UID": "7", "ISTIO_META_DNS_CAPTURE": "true", "ISTIO_LOCAL_EXCLUDE_PORTS": "80"},
			change:      func(c *Config) { c.ProxyUsers, c.ProxyGroups = []uint32{8}, []uint32{8} },
		},
		"the second of two variables": {
			environment: map[string]string{"REDIRECT_DNS": "true", "ISTIO_META_DNS_CAPTURE": "false"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := parse(t, c.args, c.environment)
			if err != nil {
				t.Fatal(err)
			}
			want := defaults()
			if c.change != nil {
				c.change(&want)
			}
			compare := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
			if diff := cmp.Diff(want, got.Config, compare, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if got.Action != Apply || len(got.Notes) > 0 {
				t.Errorf("action %q, notes %q", got.Action, got.Notes)
			}
		})
	}
}

func TestActions(t *testing.T) {
	for argument, want := range map[string]Action{
		"-n": DryRun, "--dry-run": DryRun, "--check": Check, "--remove": Remove, "--cleanup-only": Remove, "--dry-run=false": Apply,
	} {
		got, err := parse(t, []string{argument}, nil)
		if err != nil || got.Action != want {
			t.Errorf("%s: action %q, error %v, want %q", argument, got.Action, err, want)
		}
	}
}

// TestErrors has the exact text of each kind of error.
func TestErrors(t *testing.T) {
	const traffic = "(annotation traffic.sidecar.istio.io/"
	for args, want := range map[string]string{
		"-p 70000":       `-p / --outbound-port: "70000" is not a port (1 to 65535)`,
		"-b 80,0":        `-b / --include-inbound-ports ` + traffic + `includeInboundPorts): "0" is not a port (1 to 65535)`,
		"-b 80,*":        `-b / --include-inbound-ports ` + traffic + `includeInboundPorts): "*" stands alone or not at all`,
		"-d *":           `-d / --exclude-inbound-ports ` + traffic + `excludeInboundPorts): "*" would exclude everything; leave the option that includes empty instead`,
		"-d 8000-9000":   `-d / --exclude-inbound-ports ` + traffic + `excludeInboundPorts): "8000-9000" is not a port (1 to 65535)`,
		"-q http":        `-q / --include-outbound-ports ` + traffic + `includeOutboundPorts): "http" is not a port (1 to 65535)`,
		"-o -1":          `-o / --exclude-outbound-ports ` + traffic + `excludeOutboundPorts): "-1" is not a port (1 to 65535)`,
		"-i 10.0.0.0":    `-i / --include-outbound-ip-ranges ` + traffic + `includeOutboundIPRanges): "10.0.0.0" is not an IP range such as 10.0.0.0/8`,
		"-x 10.0.0.0/40": `-x / --exclude-outbound-ip-ranges ` + traffic + `excludeOutboundIPRanges): "10.0.0.0/40" is not an IP range such as 10.0.0.0/8`,
		"-x ::ffff:10.0.0.0/104": `-x / --exclude-outbound-ip-ranges ` + traffic +
			`excludeOutboundIPRanges): "::ffff:10.0.0.0/104" is not an IP range such as 10.0.0.0/8`,
		"-c sixteen-letters0":             `-c / --exclude-interfaces ` + traffic + `excludeInterfaces): "sixteen-letters0" is too long for the name of a network interface (15 bytes)`,
		"-c eth+":                         `-c / --exclude-interfaces ` + traffic + `excludeInterfaces): "eth+" is a pattern; name each interface`,
		"-k a/b":                          `-k / --reroute-interfaces (annotation istio.io/reroute-virtual-interfaces): "a/b" is not the name of a network interface`,
		"-m tproxy":                       `-m / --mode (annotation sidecar.istio.io/interceptionMode): "tproxy" is not allowed, want REDIRECT, TPROXY or NONE`,
		"-u envoy":                        `-u / --proxy-uid: "envoy" is not the number of a user or group`,
		"-g 4294967295":                   `-g / --proxy-gid: "4294967295" is not the number of a user or group`,
		"-u ,":                            `-u / --proxy-uid: no user and no group is the proxy's, its own traffic would come back to it`,
		"-t 0":                            `-t / --tproxy-mark: "0" is not a mark (1 to 4294967294)`,
		"-r 254":                          `-r / --tproxy-route-table: "254" is not a routing table of one's own (1 to 252, or 256 and more)`,
		"--probe-ports 15200":             `--probe-ports: "15200" is not a pair of ports such as 15200:80`,
		"--probe-ports 15200:0":           `--probe-ports: "15200:0" is not a pair of ports such as 15200:80`,
		"--probe-ports 15006:80":          `--probe-ports: "15006" is the port of -z / --inbound-port too`,
		"--probe-ports 1:80,1:81":         `--probe-ports: "1" is the port of --probe-ports too`,
		"-z 15001":                        `-z / --inbound-port: "15001" is the port of -p / --outbound-port too`,
		"--dns-servers dns":               `--dns-servers: "dns" is not an IP address`,
		"--loopback-ip-range 10.0.0.0/8":  `--loopback-ip-range: "10.0.0.0/8" is not an IP range in 127.0.0.0/8`,
		"--include-outbound-groups wheel": `--include-outbound-groups: "wheel" is not the number of a user or group`,
		"--check --remove":                `--check and --remove exclude each other`,
		"--skip-rule-apply":               `--skip-rule-apply is not supported: it is for rules that Istio's CNI plugin makes; leave this container out`,
		"-b 80,81 -d 81": `-d / --exclude-inbound-ports ` + traffic + `excludeInboundPorts): "81" is in -b / --include-inbound-ports ` +
			traffic + `includeInboundPorts) too`,
		"-i 10.0.0.0/8 -x 10.0.0.1/8": `-x / --exclude-outbound-ip-ranges ` + traffic +
			`excludeOutboundIPRanges): "10.0.0.0/8" is in -i / --include-outbound-ip-ranges ` + traffic + `includeOutboundIPRanges) too`,
		"-k vm0 -c vm0": `-c / --exclude-interfaces ` + traffic +
			`excludeInterfaces): "vm0" is in -k / --reroute-interfaces (annotation istio.io/reroute-virtual-interfaces) too`,
	} {
		t.Run(args, func(t *testing.T) {
			if _, err := parse(t, strings.Fields(args), nil); err == nil || err.Error() != want {
				t.Errorf("\n got %v\nwant %s", err, want)
			}
		})
	}
}

// TestVariableErrors shows that a value of the environment is checked like one of the command line.
func TestVariableErrors(t *testing.T) {
	_, err := parse(t, nil, map[string]string{"ISTIO_META_DNS_CAPTURE": "yes"})
	if want := `--redirect-dns: "yes" is neither true nor false`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
