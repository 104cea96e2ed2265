package templates

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"text/template"
)

// listFunctions returns the functions for lists of ports, ranges and names, each linear in the length of its lists. Two
// elements are the same if they mean the same: 080 is the port 80, and 10.1.2.3/8 the range 10.0.0.0/8. Where they take a
// LIST, that is a text with commas, as annotations have it, a list, or lists in lists: `$all = list $all $one` collects in a
// range without copying.
//
//	without KEY LIST OTHER WANT   LIST, checked: it has nothing that OTHER has; WANT says in words what it may have
//	union LIST...                 all elements, each once, in order, as a text
//	minus LIST OTHER              the elements of LIST that OTHER has not, each once, in order, as a text
//	assignPorts FIRST LIST TAKEN  a map of the elements of LIST, each to a port of its own from FIRST up that TAKEN has not
//	containerPort CONTAINER PORT  the number, as a text, of a port that has the number or, in the container, the name; "" if none
func listFunctions() template.FuncMap {
	return template.FuncMap{
		"assignPorts":   assignPorts,
		"containerPort": containerPort,
		"without":       without,
		"union":         func(lists ...any) string { return strings.Join(distinctIn(map[string]bool{}, lists...), ",") },
		"minus": func(list, other any) string {
			seen := map[string]bool{}
			distinctIn(seen, other)
			return strings.Join(distinctIn(seen, list), ",")
		},
	}
}

// without fails with an *InputError about the first element of a list that the other list has too.
func without(key string, list, other any, want string) (any, error) {
	taken := map[string]bool{}
	distinctIn(taken, other)
	var common string
	eachElement(list, func(element string) bool {
		if taken[meaning(element)] {
			common = element
		}
		return common == ""
	})
	if common != "" {
		return nil, &InputError{key, fmt.Sprintf("%q is not allowed, want %s", common, want)}
	}
	return list, nil
}

// distinctIn returns the elements of lists whose meaning has not been seen, in order, and notes them as seen.
func distinctIn(seen map[string]bool, lists ...any) []string {
	var found []string
	for _, list := range lists {
		eachElement(list, func(element string) bool {
			if key := meaning(element); !seen[key] {
				seen[key] = true
				found = append(found, element)
			}
			return true
		})
	}
	return found
}

// eachElement visits the elements of a list, or of lists in lists however deep, in order, until visit returns false.
func eachElement(list any, visit func(element string) bool) {
	var rest []any // what follows, last first
	for {
		switch value := list.(type) {
		case []any:
			for i := len(value) - 1; i >= 0; i-- {
				rest = append(rest, value[i])
			}
		case nil:
		default:
			for element := range strings.SplitSeq(fmt.Sprint(value), ",") {
				if element = strings.TrimSpace(element); element != "" && !visit(element) {
					return
				}
			}
		}
		if len(rest) == 0 {
			return
		}
		list, rest = rest[len(rest)-1], rest[:len(rest)-1]
	}
}

// meaning returns the same text for elements that mean the same.
func meaning(element string) string {
	if port, err := strconv.ParseUint(element, 10, 16); err == nil {
		return strconv.FormatUint(port, 10)
	}
	if prefix, err := netip.ParsePrefix(element); err == nil {
		return prefix.Masked().String()
	}
	return element
}
