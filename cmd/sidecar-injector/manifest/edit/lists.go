package edit

import (
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
)

// pair returns for each element of after the index of the element of before that it was, -1 for none. The indexes
// grow: an element that moved is a new one.
func pair(before, after []any) []int {
	from := listmap.Pair(nil, before, after)
	pairPlaces(before, after, from)
	return from
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

// nameless says whether both are scalars, or both objects without a key.
func nameless(a, b any) bool {
	_, keyA := listmap.Key(nil, a)
	_, keyB := listmap.Key(nil, b)
	return !keyA && !keyB && (isObject(a) && isObject(b) || isScalar(a) && isScalar(b))
}

func isObject(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

func joinLines(lines []string, nl string) string { return strings.Join(lines, nl) }
