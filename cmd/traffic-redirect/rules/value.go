package rules

import (
	"encoding/binary"
	"net/netip"
)

// Value is a value as the kernel holds it in a register: numbers of the network in network byte order, the host's own
// in host byte order.
type Value []byte

// Type is the type of a value.
type Type string

// The types, under nft's names.
const (
	Port      Type = "inet_service"
	Address4  Type = "ipv4_addr"
	Address6  Type = "ipv6_addr"
	Interface Type = "ifname"
	User      Type = "uid"
	Group     Type = "gid"
	Mark      Type = "mark"
	Protocol  Type = "inet_proto"
	Family    Type = "nf_proto"
	State     Type = "ct_state"
	Direction Type = "ct_dir"
)

// Interval reports whether sets of the type hold intervals.
func (t Type) Interval() bool { return t == Address4 || t == Address6 }

// Key is a property of a packet.
type Key string

// The keys, in nft's syntax.
const (
	InInterface   Key = "iifname"
	OutInterface  Key = "oifname"
	IPFamily      Key = "meta nfproto"
	L4Protocol    Key = "meta l4proto"
	PacketMark    Key = "meta mark"
	OwnerUser     Key = "meta skuid"
	OwnerGroup    Key = "meta skgid"
	SourcePort    Key = "th sport"
	DestPort      Key = "th dport"
	Source4       Key = "ip saddr"
	Dest4         Key = "ip daddr"
	Source6       Key = "ip6 saddr"
	Dest6         Key = "ip6 daddr"
	ConnMark      Key = "ct mark"
	ConnState     Key = "ct state"
	ConnDirection Key = "ct direction"
)

// Type returns the type of the key's values.
func (k Key) Type() Type {
	switch k {
	case InInterface, OutInterface:
		return Interface
	case IPFamily:
		return Family
	case L4Protocol:
		return Protocol
	case OwnerUser:
		return User
	case OwnerGroup:
		return Group
	case SourcePort, DestPort:
		return Port
	case Source4, Dest4:
		return Address4
	case Source6, Dest6:
		return Address6
	case ConnState:
		return State
	case ConnDirection:
		return Direction
	default:
		return Mark
	}
}

// Values of the types whose values are few, from linux/netfilter.h, linux/in.h and
// linux/netfilter/nf_conntrack_common.h.
const (
	familyIPv4 = 2
	familyIPv6 = 10

	protocolTCP = 6
	protocolUDP = 17

	stateInvalid = 1
	stateNew     = 8

	directionOriginal = 0
	directionReply    = 1
)

// interfaceLength is IFNAMSIZ of linux/if.h.
const interfaceLength = 16

func byteValue(n byte) Value { return Value{n} }

func hostValue(n uint32) Value { return binary.NativeEndian.AppendUint32(nil, n) }

func portValue(port uint16) Value { return binary.BigEndian.AppendUint16(nil, port) }

func addressValue(address netip.Addr) Value { return address.AsSlice() }

func interfaceValue(name string) Value {
	value := make(Value, interfaceLength)
	copy(value, name)
	return value
}
