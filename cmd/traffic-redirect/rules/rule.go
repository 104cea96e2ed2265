package rules

import "slices"

func baseChain(name string, kind ChainType, point Point, priority Priority) Chain {
	return Chain{Name: name, Hook: &Hook{Type: kind, Point: point, Priority: priority}}
}

// add appends a rule: actions for packets that all matches hold for.
func (c *Chain) add(actions []Action, matches ...Match) {
	c.Rules = append(c.Rules, Rule{Matches: matches, Actions: actions})
}

func do(verb Verb) []Action { return []Action{{Verb: verb}} }

func number(verb Verb, n uint32) []Action { return []Action{{Verb: verb, Number: n}} }

func enter(verb Verb, chain string) []Action { return []Action{{Verb: verb, Chain: chain}} }

func is(key Key, value Value) Match { return Match{Key: key, Value: value} }

func isNot(key Key, value Value) Match { return Match{Key: key, Value: value, Not: true} }

func in(key Key, set string) Match { return Match{Key: key, Set: set} }

func notIn(key Key, set string) Match { return Match{Key: key, Set: set, Not: true} }

// Conditions that many rules have. The kernel compares bytes wherever they are: a port is one only where the protocol is
// known, and an address only where the family is.
var (
	tcp      = is(L4Protocol, byteValue(protocolTCP))
	udp      = is(L4Protocol, byteValue(protocolUDP))
	ipv4     = is(IPFamily, byteValue(familyIPv4))
	ipv6     = is(IPFamily, byteValue(familyIPv6))
	toSelf   = is(OutInterface, interfaceValue("lo"))
	fromSelf = is(InInterface, interfaceValue("lo"))
	toDNS    = is(DestPort, portValue(53))
	notToDNS = isNot(DestPort, portValue(53))
)

// and returns a list of its own with more conditions.
func and(conditions []Match, more ...Match) []Match { return slices.Concat(conditions, more) }
