package edit

import (
	"fmt"
	"strings"
)

// maxPairs bounds the table of pair; lists beyond it are compared at their ends only.
const maxPairs = 1 << 18

// pair returns for each element of after the index of the element of before that it was, -1 for none. The indexes
// grow: an element that moved is a new one.
func pair(before, after []any) []int {
	from := make([]int, len(after))
	for i := range from {
		from[i] = -1
	}
	first := 0
	for first < len(before) && first < len(after) && equal(before[first], after[first]) {
		from[first] = first
		first++
	}
	endB, endA := len(before), len(after)
	for endB > first && endA > first && equal(before[endB-1], after[endA-1]) {
		endB--
		endA--
		from[endA] = endB
	}
	longest(before[first:endB], after[first:endA], func(b, a int) { from[first+a] = first + b })
	pairPlaces(before, after, from)
	return from
}

// longest finds the common subsequence with the best sum of likeness.
func longest(before, after []any, found func(b, a int)) {
	if len(before)*len(after) > maxPairs {
		return
	}
	likeness := make([][]int, len(before))
	best := make([][]int, len(before)+1)
	best[len(before)] = make([]int, len(after)+1)
	for b := len(before) - 1; b >= 0; b-- {
		likeness[b], best[b] = make([]int, len(after)), make([]int, len(after)+1)
		for a := len(after) - 1; a >= 0; a-- {
			likeness[b][a] = alike(before[b], after[a])
			best[b][a] = max(best[b+1][a], best[b][a+1])
			if likeness[b][a] > 0 {
				best[b][a] = max(best[b][a], best[b+1][a+1]+likeness[b][a])
			}
		}
	}
	for b, a := 0, 0; b < len(before) && a < len(after); {
		switch {
		case likeness[b][a] > 0 && best[b][a] == best[b+1][a+1]+likeness[b][a]:
			found(b, a)
			b++
			a++
		case best[b][a] == best[b+1][a]:
			b++
		default:
			a++
		}
	}
}

// alike says how much two elements are the same: 3 equal, 2 by what tells them apart from their siblings, 0 not at all.
func alike(a, b any) int {
	keyA, keyB := elementKey(a), elementKey(b)
	switch {
	case keyA != keyB:
		return 0
	case equal(a, b):
		return 3
	case keyA != "":
		return 2
	}
	return 0
}

// elementKey is what tells an object in a list from its siblings, "" if nothing is known to.
func elementKey(element any) string {
	object, ok := element.(map[string]any)
	if !ok {
		return ""
	}
	if port, ok := object["containerPort"]; ok {
		protocol, _ := object["protocol"].(string)
		if protocol == "" {
			protocol = "TCP"
		}
		return fmt.Sprintf("containerPort %v %s", port, protocol)
	}
	for _, field := range []string{"mountPath", "devicePath", "name", "key"} {
		if value, ok := object[field].(string); ok {
			return field + " " + value
		}
	}
	if metadata, ok := object["metadata"].(map[string]any); ok {
		return fmt.Sprintf("object %v %v %v", object["kind"], metadata["namespace"], metadata["name"])
	}
	return ""
}

// pairPlaces takes a scalar, or an object that nothing tells from its siblings, that has no counterpart for the one that
// stands at its place, so that comments in it or beside it stay.
func pairPlaces(before, after []any, from []int) {
	taken := make([]bool, len(before))
	for _, b := range from {
		if b >= 0 {
			taken[b] = true
		}
	}
	next := 0
	for a := range after {
		if from[a] >= 0 {
			next = from[a] + 1
			continue
		}
		if next < len(before) && !taken[next] && nameless(before[next], after[a]) {
			from[a] = next
			next++
		}
	}
}

// nameless says whether both are scalars, or both objects without an elementKey.
func nameless(a, b any) bool {
	objectA, okA := a.(map[string]any)
	objectB, okB := b.(map[string]any)
	if okA && okB {
		return elementKey(objectA) == "" && elementKey(objectB) == ""
	}
	return isScalar(a) && isScalar(b)
}

func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

func joinLines(lines []string, nl string) string { return strings.Join(lines, nl) }
