package text

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// ruleset returns one with a chain of these verdicts and a set of these ports.
func ruleset(verbs []rules.Verb, ports ...byte) rules.Ruleset {
	chain := rules.Chain{Name: "chain"}
	for _, verb := range verbs {
		chain.Rules = append(chain.Rules, rules.Rule{Actions: []rules.Action{{Verb: verb}}})
	}
	set := rules.Set{Name: "set", Type: rules.Port}
	for _, port := range ports {
		set.Elements = append(set.Elements, rules.Element{From: rules.Value{0, port}})
	}
	return rules.Ruleset{Sets: []rules.Set{set}, Chains: []rules.Chain{chain}}
}

func TestDifference(t *testing.T) {
	accept, drop, leave := rules.Accept, rules.Drop, rules.Return
	for sentence, c := range map[string]struct {
		want, got rules.Ruleset
		lines     []string
	}{
		"none": {want: ruleset([]rules.Verb{accept, drop}, 1), got: ruleset([]rules.Verb{accept, drop}, 1)},
		"a rule is missing": {
			want: ruleset([]rules.Verb{accept, leave, drop}), got: ruleset([]rules.Verb{accept, drop}),
			lines: []string{"missing: chain chain: return"},
		},
		"a rule too many": {
			want: ruleset([]rules.Verb{accept}), got: ruleset([]rules.Verb{accept, accept}),
			lines: []string{"unexpected: chain chain: accept"},
		},
		"another order of rules": {
			want: ruleset([]rules.Verb{accept, drop}), got: ruleset([]rules.Verb{drop, accept}),
			lines: []string{"missing: chain chain: accept", "unexpected: chain chain: accept"},
		},
		"another order of elements": {want: ruleset(nil, 1, 2), got: ruleset(nil, 2, 1)},
		"other elements": {
			want: ruleset(nil, 1, 2), got: ruleset(nil, 2, 3),
			lines: []string{"missing: set set: 1", "unexpected: set set: 3"},
		},
		"nothing is there":        {want: ruleset([]rules.Verb{drop}, 7), lines: []string{"missing: table traffic-redirect"}},
		"nothing should be there": {got: ruleset([]rules.Verb{drop}, 7), lines: []string{"unexpected: table traffic-redirect"}},
		"a chain and a set are missing": {
			want: ruleset([]rules.Verb{drop}, 7), got: rules.Ruleset{Chains: []rules.Chain{{Name: "other"}}},
			lines: []string{
				"missing: chain chain: entered by rules", "missing: chain chain: drop", "unexpected: chain other: entered by rules",
				"missing: set set: type inet_service", "missing: set set: 7",
			},
		},
		"another hook": {
			want: rules.Ruleset{Chains: []rules.Chain{{Name: "c", Hook: &rules.Hook{Type: rules.NAT, Point: rules.Output}}}},
			got:  rules.Ruleset{Chains: []rules.Chain{{Name: "c", Hook: &rules.Hook{Type: rules.NAT, Point: rules.Output, Priority: 1}}}},
			lines: []string{
				"missing: chain c: type nat hook output priority 0; policy accept;",
				"unexpected: chain c: type nat hook output priority 1; policy accept;",
			},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(c.lines, Difference(c.want, c.got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
