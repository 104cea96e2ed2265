package rules

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
)

// names are the names that nft has for values of some types.
var names = map[Type]map[uint32]string{
	Protocol:  {protocolTCP: "tcp", protocolUDP: "udp"},
	Family:    {familyIPv4: "ipv4", familyIPv6: "ipv6"},
	State:     {stateInvalid: "invalid", stateNew: "new"},
	Direction: {directionOriginal: "original", directionReply: "reply"},
}

// Format returns a value of the type in nft's syntax; what is no such value, in hexadecimal digits.
func (t Type) Format(value Value) string {
	switch {
	case (t == Address4 && len(value) == 4) || (t == Address6 && len(value) == 16):
		address, _ := netip.AddrFromSlice(value)
		return address.String()
	case t == Interface && len(value) > 0:
		return strconv.Quote(string(bytes.TrimRight(value, "\x00")))
	case t == Port && len(value) == 2:
		return strconv.Itoa(int(binary.BigEndian.Uint16(value)))
	case len(value) == 4:
		return t.formatNumber(binary.NativeEndian.Uint32(value))
	case len(value) == 1:
		return t.formatNumber(uint32(value[0]))
	default:
		return fmt.Sprintf("0x%x", []byte(value))
	}
}

func (t Type) formatNumber(n uint32) string {
	if name, ok := names[t][n]; ok {
		return name
	}
	return strconv.FormatUint(uint64(n), 10)
}

// FormatElement returns an element of a set of the type in nft's syntax: a key, a prefix, or an interval.
func (t Type) FormatElement(e Element) string {
	from, okFrom := netip.AddrFromSlice(e.From)
	to, okTo := netip.AddrFromSlice(e.To)
	if !okFrom || !okTo || from == to {
		return t.Format(e.From)
	}
	for bits := range from.BitLen() {
		if prefix := netip.PrefixFrom(from, bits); prefix.Masked() == prefix && lastAddress(prefix) == to {
			return prefix.String()
		}
	}
	return from.String() + "-" + to.String()
}
