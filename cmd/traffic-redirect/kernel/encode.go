//go:build linux

package kernel

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// register is the one that all expressions use: each match is done before the next one loads.
const register = unix.NFT_REG_1

// load is how a key gets into the register.
type load struct {
	meta    expr.MetaKey
	ct      expr.CtKey
	payload *expr.Payload // nil: no part of the packet itself
	isCt    bool
}

func packet(base expr.PayloadBase, offset, length uint32) load {
	return load{payload: &expr.Payload{DestRegister: register, Base: base, Offset: offset, Len: length}}
}

// loads has all keys. Offsets are those of the headers of TCP and UDP (RFC 9293, RFC 768), IPv4 (RFC 791) and IPv6
// (RFC 8200).
var loads = map[rules.Key]load{
	rules.InInterface:   {meta: expr.MetaKeyIIFNAME},
	rules.OutInterface:  {meta: expr.MetaKeyOIFNAME},
	rules.IPFamily:      {meta: expr.MetaKeyNFPROTO},
	rules.L4Protocol:    {meta: expr.MetaKeyL4PROTO},
	rules.PacketMark:    {meta: expr.MetaKeyMARK},
	rules.OwnerUser:     {meta: expr.MetaKeySKUID},
	rules.OwnerGroup:    {meta: expr.MetaKeySKGID},
	rules.SourcePort:    packet(expr.PayloadBaseTransportHeader, 0, 2),
	rules.DestPort:      packet(expr.PayloadBaseTransportHeader, 2, 2),
	rules.Source4:       packet(expr.PayloadBaseNetworkHeader, 12, 4),
	rules.Dest4:         packet(expr.PayloadBaseNetworkHeader, 16, 4),
	rules.Source6:       packet(expr.PayloadBaseNetworkHeader, 8, 16),
	rules.Dest6:         packet(expr.PayloadBaseNetworkHeader, 24, 16),
	rules.ConnMark:      {isCt: true, ct: expr.CtKeyMARK},
	rules.ConnState:     {isCt: true, ct: expr.CtKeySTATE},
	rules.ConnDirection: {isCt: true, ct: expr.CtKeyDIRECTION},
}

// expression returns the load as the kernel has it.
func (l load) expression() expr.Any {
	switch {
	case l.payload != nil:
		loaded := *l.payload
		return &loaded
	case l.isCt:
		return &expr.Ct{Key: l.ct, Register: register}
	default:
		return &expr.Meta{Key: l.meta, Register: register}
	}
}

// verdicts has the verbs that end a chain or leave it.
var verdicts = map[rules.Verb]expr.VerdictKind{
	rules.Accept: expr.VerdictAccept,
	rules.Drop:   expr.VerdictDrop,
	rules.Return: expr.VerdictReturn,
	rules.Jump:   expr.VerdictJump,
	rules.Goto:   expr.VerdictGoto,
}

// encode returns the expressions of a rule.
func encode(rule rules.Rule) ([]expr.Any, error) {
	var result []expr.Any
	for _, match := range rule.Matches {
		load, ok := loads[match.Key]
		if !ok {
			return nil, fmt.Errorf("encode rule: unknown key %q", match.Key)
		}
		result = append(result, load.expression(), test(match))
	}
	for _, action := range rule.Actions {
		expressions, err := encodeAction(action)
		if err != nil {
			return nil, err
		}
		result = append(result, expressions...)
	}
	return result, nil
}

// test returns the comparison of the register.
func test(match rules.Match) expr.Any {
	if match.Set != "" {
		return &expr.Lookup{SourceRegister: register, SetName: match.Set, Invert: match.Not}
	}
	operation := expr.CmpOpEq
	if match.Not {
		operation = expr.CmpOpNeq
	}
	return &expr.Cmp{Op: operation, Register: register, Data: slices.Clone(match.Value)}
}

func encodeAction(action rules.Action) ([]expr.Any, error) {
	if kind, ok := verdicts[action.Verb]; ok {
		return []expr.Any{&expr.Verdict{Kind: kind, Chain: action.Chain}}, nil
	}
	number := func(data []byte) expr.Any { return &expr.Immediate{Register: register, Data: data} }
	switch action.Verb {
	case rules.Redirect:
		port := binary.BigEndian.AppendUint16(nil, uint16(action.Number))
		return []expr.Any{number(port), &expr.Redir{RegisterProtoMin: register}}, nil
	case rules.DNAT:
		port := binary.BigEndian.AppendUint16(nil, uint16(action.Number))
		return []expr.Any{number(port), &expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_INET, RegProtoMin: register}}, nil
	case rules.TProxy:
		port := binary.BigEndian.AppendUint16(nil, uint16(action.Number))
		return []expr.Any{number(port), &expr.TProxy{Family: unix.NFPROTO_UNSPEC, RegPort: register}}, nil
	case rules.SetMark:
		mark := binary.NativeEndian.AppendUint32(nil, action.Number)
		return []expr.Any{number(mark), &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: register}}, nil
	case rules.SaveMark:
		return []expr.Any{
			&expr.Meta{Key: expr.MetaKeyMARK, Register: register},
			&expr.Ct{Key: expr.CtKeyMARK, SourceRegister: true, Register: register},
		}, nil
	case rules.SetZone:
		zone := binary.NativeEndian.AppendUint16(nil, uint16(action.Number))
		return []expr.Any{number(zone), &expr.Ct{Key: expr.CtKeyZONE, SourceRegister: true, Register: register}}, nil
	}
	return nil, fmt.Errorf("encode rule: unknown action %q", action.Verb)
}
