//go:build linux

package kernel

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// everything returns rules with every key and verb.
func everything(mode config.Mode) rules.Ruleset {
	return rules.Build(config.Config{
		Mode: mode, OutboundPort: 15001, InboundPort: 15006, TunnelPort: 15008,
		ProxyUsers: []uint32{1}, ProxyGroups: []uint32{1},
		InboundPorts: config.Ports{List: []uint16{80}}, ExcludeInboundPorts: []uint16{81},
		ProbePorts:    []config.PortPair{{From: 84, To: 85}},
		OutboundPorts: config.Ports{List: []uint16{82}}, ExcludeOutboundPorts: []uint16{83},
		OutboundRanges:        config.Ranges{List: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}},
		ExcludeRanges:         []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd01::/16")},
		OutboundGroups:        config.Groups{List: []uint32{2}},
		ExcludeOutboundGroups: []uint32{3},
		ExcludeInterfaces:     []string{"eth1"},
		RerouteInterfaces:     []string{"net1"},
		DNS:                   true,
		DNSServers:            []netip.Addr{netip.MustParseAddr("10.96.0.10"), netip.MustParseAddr("fd96::10")},
		Loopback:              netip.MustParsePrefix("127.0.0.1/32"),
		DropInvalid:           true,
		Mark:                  1337,
		RouteTable:            133,
	})
}

// reread returns what parse makes of an expression's bytes.
func reread(t *testing.T, expression expr.Any) expr.Any {
	t.Helper()
	data, err := expr.Marshal(unix.NFPROTO_INET, expression)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := find(data, unix.NFTA_EXPR_NAME)
	content, _ := find(data, unix.NFTA_EXPR_DATA)
	result, err := parse(strings.TrimRight(string(name), "\x00"), content)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestDecodeReversesEncode shows that a rule read back is the rule that was made.
func TestDecodeReversesEncode(t *testing.T) {
	for _, mode := range []config.Mode{config.Redirect, config.TProxy} {
		for _, chain := range everything(mode).Chains {
			for _, rule := range chain.Rules {
				givenBack(t, rule)
			}
		}
	}
}

// TestDecodeRefuses shows that what only looks like a rule of the program is told apart.
func TestDecodeRefuses(t *testing.T) {
	mark := &expr.Meta{Key: expr.MetaKeyMARK, Register: register}
	for sentence, expressions := range map[string][]expr.Any{
		"a load alone":               {mark},
		"another comparison":         {mark, &expr.Cmp{Op: expr.CmpOpLt, Register: register}},
		"another register":           {mark, &expr.Cmp{Op: expr.CmpOpEq, Register: 2}},
		"a map":                      {mark, &expr.Lookup{SourceRegister: register, IsDestRegSet: true}},
		"another property":           {&expr.Meta{Key: expr.MetaKeyPRIORITY, Register: register}, &expr.Cmp{Register: register}},
		"another part of the packet": {&expr.Payload{DestRegister: register, Len: 1}, &expr.Cmp{Register: register}},
		"a redirect to any port":     {&expr.Immediate{Register: register, Data: []byte{0, 1}}, &expr.Redir{}},
		"a destination of another address": {
			&expr.Immediate{Register: register, Data: []byte{0, 1}},
			&expr.NAT{Type: expr.NATTypeDestNAT, RegAddrMin: 2, RegProtoMin: register},
		},
		"tproxy to an address": {
			&expr.Immediate{Register: register, Data: []byte{0, 1}},
			&expr.TProxy{RegPort: register, RegAddr: 2},
		},
		"another verdict":             {&expr.Verdict{Kind: expr.VerdictQueue}},
		"a condition after an action": {&expr.Verdict{Kind: expr.VerdictDrop}, mark, &expr.Cmp{Register: register, Op: expr.CmpOpEq}},
	} {
		t.Run(sentence, func(t *testing.T) {
			if rule, err := decode(expressions); err == nil {
				t.Errorf("got %+v", rule)
			}
		})
	}
	if _, err := parse("counter", nil); err == nil {
		t.Error("an expression that the program never makes was read")
	}
}

func TestIntervals(t *testing.T) {
	start := func(key ...byte) nftables.SetElement { return nftables.SetElement{Key: key} }
	end := func(key ...byte) nftables.SetElement { return nftables.SetElement{Key: key, IntervalEnd: true} }
	for sentence, c := range map[string]struct {
		elements []nftables.SetElement
		want     []rules.Element
	}{
		"in the kernel's order": {
			elements: []nftables.SetElement{end(30), start(20), end(10), start(5)},
			want:     []rules.Element{{From: rules.Value{5}, To: rules.Value{9}}, {From: rules.Value{20}, To: rules.Value{29}}},
		},
		"one after another": {
			elements: []nftables.SetElement{start(10), start(20), end(20), end(30)},
			want:     []rules.Element{{From: rules.Value{10}, To: rules.Value{19}}, {From: rules.Value{20}, To: rules.Value{29}}},
		},
		"to the highest key": {
			elements: []nftables.SetElement{start(0xf0)},
			want:     []rules.Element{{From: rules.Value{0xf0}, To: rules.Value{0xff}}},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(c.want, intervals(c.elements, 1)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAfterAndBefore(t *testing.T) {
	for _, value := range []rules.Value{{0, 0}, {0, 255}, {1, 254}, {254, 255}} {
		next, ok := after(value)
		if !ok || cmp.Diff(value, before(next)) != "" {
			t.Errorf("after %v is %v, before that %v", value, next, before(next))
		}
	}
	if next, ok := after(rules.Value{255, 255}); ok {
		t.Errorf("after the highest value is %v", next)
	}
	if next, ok := after(nil); ok {
		t.Errorf("after no value is %v", next)
	}
}
