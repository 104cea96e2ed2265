//go:build linux

package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// typeMask takes the flags off an attribute's type (NLA_TYPE_MASK of linux/netlink.h).
const typeMask = ^uint16(unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)

// parse reads one expression from its name and attributes. An expression that encode never makes is an error.
func parse(name string, data []byte) (expr.Any, error) {
	var result expr.Any
	switch name {
	case "meta":
		result = &expr.Meta{}
	case "payload":
		result = &expr.Payload{}
	case "cmp":
		result = &expr.Cmp{}
	case "lookup":
		result = &expr.Lookup{}
	case "redir":
		result = &expr.Redir{}
	case "nat":
		result = &expr.NAT{}
	case "immediate":
		immediate := &expr.Immediate{}
		if err := expr.Unmarshal(unix.NFPROTO_INET, data, immediate); err != nil {
			return nil, err
		}
		if immediate.Register != unix.NFT_REG_VERDICT {
			return immediate, nil
		}
		result = &expr.Verdict{}
	// The library reads neither a connection's property that is set nor the family of tproxy.
	case "ct":
		numbers, err := attributes(data)
		if err != nil {
			return nil, err
		}
		ct := &expr.Ct{Key: expr.CtKey(numbers[unix.NFTA_CT_KEY]), Register: numbers[unix.NFTA_CT_DREG]}
		if source, ok := numbers[unix.NFTA_CT_SREG]; ok {
			ct.SourceRegister, ct.Register = true, source
		}
		return ct, nil
	case "tproxy":
		numbers, err := attributes(data)
		if err != nil {
			return nil, err
		}
		return &expr.TProxy{
			Family:  byte(numbers[expr.NFTA_TPROXY_FAMILY]),
			RegAddr: numbers[expr.NFTA_TPROXY_REG_ADDR],
			RegPort: numbers[expr.NFTA_TPROXY_REG_PORT],
		}, nil
	default:
		return nil, fmt.Errorf("unknown expression %q", name)
	}
	return result, expr.Unmarshal(unix.NFPROTO_INET, data, result)
}

// attributes returns those that are 32 bit numbers.
func attributes(data []byte) (map[uint16]uint32, error) {
	parsed, err := nl.ParseRouteAttr(data)
	if err != nil {
		return nil, err
	}
	numbers := map[uint16]uint32{}
	for _, attribute := range parsed {
		if len(attribute.Value) == 4 {
			numbers[attribute.Attr.Type&typeMask] = binary.BigEndian.Uint32(attribute.Value)
		}
	}
	return numbers, nil
}

// decode returns the rule that encode makes these expressions from, or an error if there is none.
func decode(expressions []expr.Any) (rules.Rule, error) {
	var rule rules.Rule
	for len(expressions) > 0 {
		if verdict, ok := expressions[0].(*expr.Verdict); ok {
			action, err := decodeVerdict(verdict)
			if err != nil {
				return rules.Rule{}, err
			}
			rule.Actions = append(rule.Actions, action)
			expressions = expressions[1:]
			continue
		}
		if len(expressions) < 2 {
			return rules.Rule{}, fmt.Errorf("unknown expression %+v", expressions[0])
		}
		if match, ok := decodeMatch(expressions[0], expressions[1]); ok {
			if len(rule.Actions) > 0 {
				return rules.Rule{}, fmt.Errorf("condition on %q after an action", match.Key)
			}
			rule.Matches = append(rule.Matches, match)
		} else if action, ok := decodeChange(expressions[0], expressions[1]); ok {
			rule.Actions = append(rule.Actions, action)
		} else {
			return rules.Rule{}, fmt.Errorf("unknown expressions %+v, %+v", expressions[0], expressions[1])
		}
		expressions = expressions[2:]
	}
	return rule, nil
}

func decodeVerdict(verdict *expr.Verdict) (rules.Action, error) {
	for verb, kind := range verdicts {
		if kind == verdict.Kind {
			return rules.Action{Verb: verb, Chain: verdict.Chain}, nil
		}
	}
	return rules.Action{}, fmt.Errorf("unknown verdict %d", verdict.Kind)
}

func decodeMatch(loaded, tested expr.Any) (rules.Match, bool) {
	key, ok := decodeKey(loaded)
	if !ok {
		return rules.Match{}, false
	}
	switch tested := tested.(type) {
	case *expr.Cmp:
		known := tested.Op == expr.CmpOpEq || tested.Op == expr.CmpOpNeq
		return rules.Match{Key: key, Value: tested.Data, Not: tested.Op == expr.CmpOpNeq}, known && tested.Register == register
	case *expr.Lookup:
		return rules.Match{Key: key, Set: tested.SetName, Not: tested.Invert}, tested.SourceRegister == register && !tested.IsDestRegSet
	}
	return rules.Match{}, false
}

func decodeKey(loaded expr.Any) (rules.Key, bool) {
	for key, candidate := range loads {
		switch loaded := loaded.(type) {
		case *expr.Meta:
			if want, ok := candidate.expression().(*expr.Meta); ok && *want == *loaded {
				return key, true
			}
		case *expr.Ct:
			if want, ok := candidate.expression().(*expr.Ct); ok && *want == *loaded {
				return key, true
			}
		case *expr.Payload:
			if want, ok := candidate.expression().(*expr.Payload); ok && *want == *loaded {
				return key, true
			}
		}
	}
	return "", false
}

// decodeChange reads an action that is two expressions: one that fills the register and one that uses it.
func decodeChange(filled, used expr.Any) (rules.Action, bool) {
	if key, ok := decodeKey(filled); ok && key == rules.PacketMark {
		ct, ok := used.(*expr.Ct)
		return rules.Action{Verb: rules.SaveMark}, ok && ct.SourceRegister && ct.Key == expr.CtKeyMARK && ct.Register == register
	}
	immediate, ok := filled.(*expr.Immediate)
	if !ok || immediate.Register != register {
		return rules.Action{}, false
	}
	data := immediate.Data
	switch used := used.(type) {
	case *expr.Redir:
		return portAction(rules.Redirect, data), len(data) == 2 && used.RegisterProtoMin == register
	case *expr.NAT:
		return portAction(rules.DNAT, data), len(data) == 2 && used.Type == expr.NATTypeDestNAT && used.RegAddrMin == 0 && used.RegProtoMin == register
	case *expr.TProxy:
		return portAction(rules.TProxy, data),
			len(data) == 2 && used.RegPort == register && used.RegAddr == 0 && used.Family == unix.NFPROTO_UNSPEC
	case *expr.Meta:
		return hostAction(rules.SetMark, data), len(data) == 4 && used.SourceRegister && used.Key == expr.MetaKeyMARK
	case *expr.Ct:
		return hostAction(rules.SetZone, data), len(data) == 2 && used.SourceRegister && used.Key == expr.CtKeyZONE
	}
	return rules.Action{}, false
}

// portAction returns an action whose number is a port.
func portAction(verb rules.Verb, data []byte) rules.Action {
	padded := append(bytes.Repeat([]byte{0}, max(0, 4-len(data))), data...)
	return rules.Action{Verb: verb, Number: binary.BigEndian.Uint32(padded)}
}

// hostAction returns an action whose number is in host byte order.
func hostAction(verb rules.Verb, data []byte) rules.Action {
	if len(data) == 2 {
		return rules.Action{Verb: verb, Number: uint32(binary.NativeEndian.Uint16(data))}
	}
	padded := append(append([]byte(nil), data...), 0, 0, 0, 0)
	return rules.Action{Verb: verb, Number: binary.NativeEndian.Uint32(padded)}
}
