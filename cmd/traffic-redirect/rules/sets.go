package rules

import (
	"bytes"
	"net/netip"
	"slices"
)

// keySet returns a set of single keys, sorted and without duplicates.
func keySet[T any](name string, of Type, keys []T, value func(T) Value) Set {
	set := Set{Name: name, Type: of}
	for _, key := range keys {
		set.Elements = append(set.Elements, Element{From: value(key)})
	}
	compare := func(a, b Element) int { return bytes.Compare(a.From, b.From) }
	slices.SortFunc(set.Elements, compare)
	set.Elements = slices.CompactFunc(set.Elements, func(a, b Element) bool { return compare(a, b) == 0 })
	return set
}

// rangeSet returns the addresses of the prefixes as intervals: sorted, and what overlaps or touches made one, since the
// kernel refuses intervals that overlap.
func rangeSet(name string, of Type, prefixes []netip.Prefix) Set {
	sorted := slices.SortedFunc(slices.Values(prefixes), func(a, b netip.Prefix) int {
		return a.Masked().Addr().Compare(b.Masked().Addr())
	})
	set := Set{Name: name, Type: of}
	var end netip.Addr // of the last interval
	for _, prefix := range sorted {
		from, to := prefix.Masked().Addr(), lastAddress(prefix)
		if last := len(set.Elements) - 1; last >= 0 && (from.Compare(end) <= 0 || from == end.Next()) {
			if to.Compare(end) > 0 {
				end = to
				set.Elements[last].To = addressValue(end)
			}
			continue
		}
		end = to
		set.Elements = append(set.Elements, Element{From: addressValue(from), To: addressValue(to)})
	}
	return set
}

// lastAddress returns the highest address of the prefix.
func lastAddress(prefix netip.Prefix) netip.Addr {
	last := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	address, _ := netip.AddrFromSlice(last)
	return address
}
