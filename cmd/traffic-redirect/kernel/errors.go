//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// explain returns an error that says in one line what failed, why, and what to do, where the cause is one that people
// can do something about.
func explain(what string, err error, ruleset rules.Ruleset) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%s: %w: the container needs the capability NET_ADMIN, and to run as root "+
			"(securityContext: runAsUser: 0, capabilities: {add: [NET_ADMIN]})", what, err)
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return fmt.Errorf("%s: %w: the kernel has no nftables; load nf_tables on the node (modprobe nf_tables)", what, err)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("%s: %w: the kernel lacks a part of nftables, or is older than Linux 5.2; load on the node: modprobe -a %s",
			what, err, strings.Join(modules(ruleset), " "))
	case errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.EMSGSIZE):
		return fmt.Errorf("%s: %w: too many ports or IP ranges for one transaction; give fewer, larger ranges", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// modules returns the kernel modules that the ruleset needs.
func modules(ruleset rules.Ruleset) []string {
	needs := map[string]bool{"nf_tables": true}
	for _, chain := range ruleset.Chains {
		if chain.Hook != nil && chain.Hook.Type == rules.NAT {
			needs["nft_chain_nat"] = true
		}
		for _, rule := range chain.Rules {
			for _, match := range rule.Matches {
				if strings.HasPrefix(string(match.Key), "ct ") {
					needs["nft_ct"] = true
				}
			}
			for _, action := range rule.Actions {
				needs[moduleOf(action.Verb)] = true
			}
		}
	}
	delete(needs, "")
	var names []string
	for name := range needs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// moduleOf returns the module of an action, or nothing if it is part of nf_tables.
func moduleOf(verb rules.Verb) string {
	switch verb {
	case rules.Redirect:
		return "nft_redir"
	case rules.DNAT:
		return "nft_nat"
	case rules.TProxy:
		return "nft_tproxy"
	case rules.SaveMark, rules.SetZone:
		return "nft_ct"
	}
	return ""
}
