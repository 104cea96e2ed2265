//go:build linux

package routes

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// thing is one object of the plan in the network namespace of the process.
type thing struct {
	name   string // as in Plan.Commands
	want   bool
	exists func() (bool, error)
	add    func() error
	remove func() error
}

// Apply adds what the plan asks for and is missing, and removes what it does not ask for. Whatever else there is stays.
// It stops at the first error; run again, it goes on.
func (p Plan) Apply() error {
	things, err := p.things()
	if err != nil {
		return err
	}
	for _, thing := range things {
		exists, err := thing.exists()
		if err != nil {
			return fmt.Errorf("look for %s: %w", thing.name, err)
		}
		switch {
		case thing.want && !exists:
			if err := thing.add(); err != nil && !errors.Is(err, unix.EEXIST) {
				return fmt.Errorf("add %s: %w", thing.name, err)
			}
		case !thing.want && exists:
			if err := thing.remove(); err != nil {
				return fmt.Errorf("remove %s: %w", thing.name, err)
			}
		}
	}
	return nil
}

// Difference returns one line for each thing that is missing, or there without being asked for.
func (p Plan) Difference() ([]string, error) {
	things, err := p.things()
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, thing := range things {
		exists, err := thing.exists()
		switch {
		case err != nil:
			return nil, fmt.Errorf("look for %s: %w", thing.name, err)
		case thing.want && !exists:
			lines = append(lines, "missing: "+thing.name)
		case !thing.want && exists:
			lines = append(lines, "unexpected: "+thing.name)
		}
	}
	return lines, nil
}

// things returns all objects that a plan can ask for, of the families that the namespace has.
func (p Plan) things() ([]thing, error) {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, fmt.Errorf("look for the loopback interface: %w", err)
	}
	families := []int{unix.AF_INET}
	var things []thing
	if ipv6Enabled() {
		families = append(families, unix.AF_INET6)
		things = append(things, p.address(loopback))
	}
	for _, family := range families {
		// The route first: a rule for an empty table is passed over, packets would leave the host.
		things = append(things, p.route(loopback, family), p.rule(family))
	}
	return things, nil
}

// ipv6Enabled reports whether addresses of IPv6 can be added to the loopback interface.
func ipv6Enabled() bool {
	disabled, err := os.ReadFile("/proc/sys/net/ipv6/conf/lo/disable_ipv6")
	return err == nil && strings.TrimSpace(string(disabled)) == "0"
}

func (p Plan) address(loopback netlink.Link) thing {
	address := &netlink.Addr{IPNet: &net.IPNet{IP: rules.Passthrough6.AsSlice(), Mask: net.CIDRMask(128, 128)}}
	return thing{
		name: fmt.Sprintf("address %s on lo", address.IPNet),
		want: p.Passthrough,
		exists: func() (bool, error) {
			addresses, err := netlink.AddrList(loopback, unix.AF_INET6)
			for _, candidate := range addresses {
				if candidate.Equal(*address) {
					return true, nil
				}
			}
			return false, err
		},
		add:    func() error { return netlink.AddrAdd(loopback, address) },
		remove: func() error { return netlink.AddrDel(loopback, address) },
	}
}

func (p Plan) route(loopback netlink.Link, family int) thing {
	everything := &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
	if family == unix.AF_INET6 {
		everything = &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
	}
	route := &netlink.Route{
		LinkIndex: loopback.Attrs().Index,
		Dst:       everything,
		Scope:     netlink.SCOPE_HOST,
		Type:      unix.RTN_LOCAL,
		Table:     p.Table,
		Family:    family,
	}
	filter := &netlink.Route{Table: p.Table, Type: unix.RTN_LOCAL, LinkIndex: loopback.Attrs().Index}
	return thing{
		name: fmt.Sprintf("%s route local default dev lo table %d", familyName(family), p.Table),
		want: p.Local,
		exists: func() (bool, error) {
			routes, err := netlink.RouteListFiltered(family, filter,
				netlink.RT_FILTER_TABLE|netlink.RT_FILTER_TYPE|netlink.RT_FILTER_OIF)
			for _, candidate := range routes {
				if candidate.Dst == nil || candidate.Dst.String() == everything.String() {
					return true, nil
				}
			}
			return false, err
		},
		add:    func() error { return netlink.RouteAdd(route) },
		remove: func() error { return netlink.RouteDel(route) },
	}
}

func (p Plan) rule(family int) thing {
	rule := netlink.NewRule()
	rule.Family = family
	rule.Mark = p.Mark
	rule.Table = p.Table
	return thing{
		name: fmt.Sprintf("%s rule fwmark %d lookup %d", familyName(family), p.Mark, p.Table),
		want: p.Local,
		exists: func() (bool, error) {
			rules, err := netlink.RuleListFiltered(family, rule, netlink.RT_FILTER_MARK|netlink.RT_FILTER_TABLE)
			return len(rules) > 0, err
		},
		add:    func() error { return netlink.RuleAdd(rule) },
		remove: func() error { return netlink.RuleDel(rule) },
	}
}

func familyName(family int) string {
	if family == unix.AF_INET6 {
		return "IPv6"
	}
	return "IPv4"
}
