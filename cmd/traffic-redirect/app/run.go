//go:build linux

package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/kernel"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/routes"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/text"
)

// errDiffers says that --check found differences, which are printed already.
var errDiffers = errors.New("the rules differ")

// resolverFile names the DNS servers that applications of the pod ask.
const resolverFile = "/etc/resolv.conf"

// run does what is asked for.
func run(parsed config.Parsed, stdout, stderr io.Writer) error {
	for _, note := range parsed.Notes {
		fmt.Fprintf(stderr, "note: %s\n", note)
	}
	c := parsed.Config
	if c.DNS && !c.AllDNS && len(c.DNSServers) == 0 && parsed.Action != config.Remove {
		servers, err := resolvers(resolverFile)
		if err != nil {
			return err
		}
		c.DNSServers = servers
	}
	switch parsed.Action {
	case config.DryRun:
		fmt.Fprint(stdout, text.Script(rules.Build(c)))
		for _, line := range routes.For(c).Commands() {
			fmt.Fprintf(stdout, "# %s\n", line)
		}
		return nil
	case config.Check:
		return check(c, stdout)
	case config.Remove:
		return change(rules.Ruleset{}, routes.None(c), "removed the table "+rules.Table, stdout)
	default:
		ruleset := rules.Build(c)
		return change(ruleset, routes.For(c), summary(c, ruleset), stdout)
	}
}

// change makes rules and routes what they should be, and prints what it did. What the rules need is there before them,
// and goes after them.
func change(ruleset rules.Ruleset, plan routes.Plan, done string, stdout io.Writer) error {
	if err := kernel.Available(); err != nil {
		return err
	}
	steps := []func() error{plan.Apply, func() error { return kernel.Apply(ruleset) }}
	if len(ruleset.Chains) == 0 {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, done)
	return nil
}

// summary says in one line what was applied.
func summary(c config.Config, ruleset rules.Ruleset) string {
	if c.Mode == config.None {
		return "mode NONE: nothing is captured"
	}
	count := 0
	for _, chain := range ruleset.Chains {
		count += len(chain.Rules)
	}
	return fmt.Sprintf("applied the table %s: mode %s, %d rules in %d chains, %d sets",
		rules.Table, c.Mode, count, len(ruleset.Chains), len(ruleset.Sets))
}

// check prints one line for each thing that is not as c says, and returns errDiffers if there is any.
func check(c config.Config, stdout io.Writer) error {
	live, lines, err := kernel.Read()
	if err != nil {
		return err
	}
	lines = append(lines, text.Difference(rules.Build(c), live)...)
	differences, err := routes.For(c).Difference()
	if err != nil {
		return err
	}
	lines = append(lines, differences...)
	for _, line := range lines {
		fmt.Fprintln(stdout, line)
	}
	if len(lines) > 0 {
		return errDiffers
	}
	return nil
}

// resolvers returns the servers of a file in the format of resolv.conf(5). None is an error: no query would be captured
// although that is asked for.
func resolvers(file string) ([]netip.Addr, error) {
	content, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read DNS servers: %w; name them with --dns-servers", err)
	}
	defer func() { _ = content.Close() }()
	var servers []netip.Addr
	scanner := bufio.NewScanner(content)
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		server, err := netip.ParseAddr(fields[1])
		if err != nil {
			return nil, fmt.Errorf("read DNS servers: %s: %q is not an IP address", file, fields[1])
		}
		servers = append(servers, server.WithZone("").Unmap())
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("read DNS servers: %w", err)
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("read DNS servers: %s names none; use --dns-servers or --capture-all-dns", file)
	}
	return servers, nil
}
