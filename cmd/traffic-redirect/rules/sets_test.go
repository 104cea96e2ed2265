package rules

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRangeSet(t *testing.T) {
	for sentence, c := range map[string]struct{ ranges, want string }{
		"one":                            {"10.0.0.0/8", "10.0.0.0/8"},
		"one inside another":             {"10.1.0.0/16 10.0.0.0/8 10.255.255.255/32", "10.0.0.0/8"},
		"twice":                          {"10.0.0.0/8 10.0.0.0/8", "10.0.0.0/8"},
		"two that make one":              {"10.128.0.0/9 10.0.0.0/9", "10.0.0.0/8"},
		"two that touch and make none":   {"10.0.1.0/24 10.0.2.0/24", "10.0.1.0-10.0.2.255"},
		"two apart":                      {"10.0.2.0/24 10.0.0.0/24", "10.0.0.0/24 10.0.2.0/24"},
		"the end of all":                 {"255.0.0.0/8 254.0.0.0/8 128.0.0.0/1", "128.0.0.0/1"},
		"everything":                     {"0.0.0.0/0 10.0.0.0/8", "0.0.0.0/0"},
		"one address":                    {"10.0.0.1/32", "10.0.0.1"},
		"bits of hosts":                  {"10.1.2.3/8", "10.0.0.0/8"},
		"IPv6, one inside another":       {"fd00::/8 fd00:1::/32 fc00::/8", "fc00::/7"},
		"IPv6, the end of all":           {"ff00::/8 ffff::/16", "ff00::/8"},
		"IPv6, one address and the next": {"fd00::1/128 fd00::2/128", "fd00::1-fd00::2"},
	} {
		t.Run(sentence, func(t *testing.T) {
			var prefixes []netip.Prefix
			for text := range strings.FieldsSeq(c.ranges) {
				prefixes = append(prefixes, netip.MustParsePrefix(text))
			}
			of := Address4
			if prefixes[0].Addr().Is6() {
				of = Address6
			}
			var got []string
			for _, element := range rangeSet("test", of, prefixes).Elements {
				got = append(got, of.FormatElement(element))
			}
			if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKeySet(t *testing.T) {
	set := keySet("test", Port, []uint16{443, 80, 443, 8080}, portValue)
	want := []Element{{From: Value{0, 80}}, {From: Value{1, 187}}, {From: Value{31, 144}}}
	if diff := cmp.Diff(want, set.Elements); diff != "" {
		t.Error(diff)
	}
}

func TestFormat(t *testing.T) {
	for want, got := range map[string]string{
		`"eth0"`:   Interface.Format(interfaceValue("eth0")),
		"1337":     User.Format(hostValue(1337)),
		"15001":    Port.Format(portValue(15001)),
		"tcp":      Protocol.Format(byteValue(protocolTCP)),
		"132":      Protocol.Format(byteValue(132)),
		"reply":    Direction.Format(byteValue(directionReply)),
		"new":      State.Format(hostValue(stateNew)),
		"0x010203": Port.Format(Value{1, 2, 3}),
		"0x":       Address4.Format(nil),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestPruned(t *testing.T) {
	full := keySet("full", Port, []uint16{1}, portValue)
	one := Chain{Name: "one", Hook: &Hook{}}
	one.add(do(Accept), in(DestPort, "full"))
	one.add(do(Drop), in(DestPort, "empty"))
	one.add(do(Return), tcp, notIn(DestPort, "empty"))
	two := Chain{Name: "two", Hook: &Hook{}}
	two.add(do(Drop), in(DestPort, "empty"))
	entered := Chain{Name: "entered"}
	got := Ruleset{
		Sets:   []Set{full, {Name: "empty"}, keySet("unused", Port, []uint16{1}, portValue)},
		Chains: []Chain{one, two, entered},
	}.pruned()

	kept := Chain{Name: "one", Hook: &Hook{}}
	kept.add(do(Accept), in(DestPort, "full"))
	kept.add(do(Return), tcp)
	want := Ruleset{Sets: []Set{full}, Chains: []Chain{kept, entered}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
