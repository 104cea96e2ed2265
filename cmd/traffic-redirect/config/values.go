package config

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// parser reads one element. An empty problem means that it is valid; else it follows the quoted element in a message.
type parser[T any] func(text string) (value T, problem string)

// one reads an option that is a single value.
func one[T any](r *reader, name string, parse parser[T]) T {
	text := r.text(name)
	value, problem := parse(strings.TrimSpace(text))
	if problem != "" {
		r.fail(name, text, problem)
	}
	return value
}

// list reads text, the value of an option that is a list separated by commas. White space and empty elements are
// dropped, as Istio's init container does.
func list[T any](r *reader, name, text string, parse parser[T]) []T {
	var values []T
	for element := range strings.SplitSeq(text, ",") {
		element = strings.TrimSpace(element)
		if element == "" {
			continue
		}
		value, problem := parse(element)
		switch {
		case element == "*" && strings.HasPrefix(name, "exclude-"):
			problem = "would exclude everything; leave the option that includes empty instead"
		case element == "*":
			problem = "stands alone or not at all"
		}
		if problem != "" {
			r.fail(name, element, problem)
			return nil
		}
		values = append(values, value)
	}
	return values
}

// everything is a list, or all.
type everything[T any] = struct {
	All  bool
	List []T
}

// all reads an option that is a list or "*".
func all[T any](r *reader, name string, parse parser[T]) everything[T] {
	text := strings.TrimSpace(r.text(name))
	if text == "*" {
		return everything[T]{All: true}
	}
	return everything[T]{List: list(r, name, text, parse)}
}

func parsePort(text string) (uint16, string) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, "is not a port (1 to 65535)"
	}
	return uint16(port), ""
}

func parsePortPair(text string) (PortPair, string) {
	from, to, _ := strings.Cut(text, ":")
	var pair PortPair
	var problem string
	if pair.From, problem = parsePort(from); problem == "" {
		pair.To, problem = parsePort(to)
	}
	if problem != "" {
		return PortPair{}, "is not a pair of ports such as 15200:80"
	}
	return pair, ""
}

// parseID reads the number of a user or group. The highest is no number of one (chown(2)).
func parseID(text string) (uint32, string) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil || id == 1<<32-1 {
		return 0, "is not the number of a user or group"
	}
	return uint32(id), ""
}

func parseRange(text string) (netip.Prefix, string) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Addr().Is4In6() {
		return netip.Prefix{}, "is not an IP range such as 10.0.0.0/8"
	}
	return prefix.Masked(), ""
}

func parseAddress(text string) (netip.Addr, string) {
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Addr{}, "is not an IP address"
	}
	return address.Unmap(), ""
}

// parseLoopback reads a range of 127.0.0.0/8.
func parseLoopback(text string) (netip.Prefix, string) {
	prefix, problem := parseRange(text)
	if problem != "" || !prefix.Addr().Is4() || !prefix.Addr().IsLoopback() || prefix.Bits() < 8 {
		return netip.Prefix{}, "is not an IP range in 127.0.0.0/8"
	}
	return prefix, ""
}

// parseInterface follows Linux: at most 15 bytes, no slash, colon or white space (dev_valid_name in net/core/dev.c), and no
// control characters. What iptables takes for a pattern is refused, since it would be taken for a name here.
func parseInterface(text string) (string, string) {
	switch {
	case strings.HasSuffix(text, "+"):
		return "", "is a pattern; name each interface"
	case len(text) > 15:
		return "", "is too long for the name of a network interface (15 bytes)"
	case text == "." || text == ".." || strings.ContainsAny(text, "/: *\"") || strings.ContainsFunc(text, unicode.IsControl):
		return "", "is not the name of a network interface"
	}
	return text, ""
}

// parseMark reads the mark; zero is no mark, and the number after it must be one too.
func parseMark(text string) (uint32, string) {
	mark, err := strconv.ParseUint(text, 0, 32)
	if err != nil || mark == 0 || mark == 1<<32-1 {
		return 0, "is not a mark (1 to 4294967294)"
	}
	return uint32(mark), ""
}

// parseTable reads a routing table's number. Those from 253 to 255 are the kernel's (linux/rtnetlink.h).
func parseTable(text string) (uint32, string) {
	table, err := strconv.ParseUint(text, 10, 31)
	if err != nil || table == 0 || (table >= 253 && table <= 255) {
		return 0, "is not a routing table of one's own (1 to 252, or 256 and more)"
	}
	return uint32(table), ""
}
