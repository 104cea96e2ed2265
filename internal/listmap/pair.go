package listmap

import (
	"bytes"
	"slices"
	"sort"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// Pair returns for each element of after the index of the element of before that it was, -1 for a new one. Elements are
// the same by their Key, those without one if they are equal. The indexes grow, and as many as possible are kept: an element
// that moved is a new one. It takes O(n log n) time.
func Pair(list *podtype.Type, before, after []any) []int {
	from := make([]int, len(after))
	elem := list.Elem()
	first := 0
	for first < len(before) && first < len(after) && sameElement(list, elem, before[first], after[first]) {
		from[first] = first
		first++
	}
	endBefore, endAfter := len(before), len(after)
	for endBefore > first && endAfter > first && sameElement(list, elem, before[endBefore-1], after[endAfter-1]) {
		endBefore--
		endAfter--
		from[endAfter] = endBefore
	}
	between := from[first:endAfter]
	for i := range between {
		between[i] = -1
	}
	if endBefore > first && endAfter > first {
		keepLongest(occurrencesOf(list, before[first:endBefore]), identities(list, after[first:endAfter]), first, between)
	}
	return from
}

// Match is Pair without regard to order: an element that moved is still the same. Of several that are the same, the first
// is the first, and so on.
func Match(list *podtype.Type, before, after []any) []int {
	ids := occurrencesOf(list, before)
	from := make([]int, len(after))
	taken := make(map[string]int, len(after))
	for i, id := range identities(list, after) {
		from[i] = -1
		if places := ids[id]; taken[id] < len(places) {
			from[i] = places[taken[id]]
			taken[id]++
		}
	}
	return from
}

// sameElement says whether two elements of a list are the same element, changed or not.
func sameElement(list, elem *podtype.Type, a, b any) bool {
	if a, ok := a.(map[string]any); ok {
		if b, ok := b.(map[string]any); ok {
			if same(a, b) {
				return true
			}
			var roomA, roomB [64]byte
			keyA, okA := AppendKey(roomA[:0], list, a)
			keyB, okB := AppendKey(roomB[:0], list, b)
			if okA || okB {
				return okA == okB && bytes.Equal(keyA, keyB)
			}
		}
	}
	return Equal(elem, a, b)
}

// identities returns texts that are the same where elements are the same.
func identities(list *podtype.Type, elements []any) []string {
	ids := make([]string, len(elements))
	var buffer []byte
	for i, element := range elements {
		var keyed bool
		if buffer, keyed = AppendKey(buffer[:0], list, element); !keyed {
			// Keys and JSON texts never meet: no JSON text begins with a letter and has a "=".
			buffer = AppendCanonical(buffer[:0], list.Elem(), element)
		}
		ids[i] = string(buffer)
	}
	return ids
}

// occurrencesOf returns the places of elements in a list by their identity, in order.
func occurrencesOf(list *podtype.Type, elements []any) map[string][]int {
	places := make(map[string][]int, len(elements))
	for i, id := range identities(list, elements) {
		places[id] = append(places[id], i)
	}
	return places
}

// maxRepeats bounds how many pairs of the same elements are looked at for each element. Beyond it, which takes a list that
// repeats a few elements very often, the last is paired with the last, and so on, and fewer may be kept than possible.
const maxRepeats = 16

// match is a pair of the same elements at the begin of a chain of such, both places growing; -1 ends it.
type match struct{ before, after, next int }

// keepLongest writes into from the longest run of matches in which both places grow, the places of before counted from
// offset. This is Hunt and Szymanski's method, by which a list without repeats costs what its longest increasing run does.
// It goes from the back, so that of runs of one length the one is kept that begins last in before.
func keepLongest(places map[string][]int, after []string, offset int, from []int) {
	repeats := 0
	for _, id := range after {
		repeats += len(places[id])
	}
	bounded := repeats > maxRepeats*(len(after)+len(places))
	left := map[string]int{} // places of an identity that are not taken yet, used if bounded alone
	var matches []match
	var begins []int // begins[k] is the match that begins a chain of k+1 at the highest place of before
	for i, id := range slices.Backward(after) {
		candidates := places[id]
		if bounded && len(candidates) > 0 {
			if _, seen := left[id]; !seen {
				left[id] = len(candidates)
			}
			left[id]--
			candidates = candidates[max(left[id], 0):max(left[id]+1, 0)]
		}
		// From the lowest place, so that no chain takes two of them.
		for _, place := range candidates {
			k := sort.Search(len(begins), func(k int) bool { return matches[begins[k]].before <= place })
			if k < len(begins) && matches[begins[k]].before == place {
				continue
			}
			next := -1
			if k > 0 {
				next = begins[k-1]
			}
			matches = append(matches, match{place, i, next})
			if k == len(begins) {
				begins = append(begins, 0)
			}
			begins[k] = len(matches) - 1
		}
	}
	if len(begins) == 0 {
		return
	}
	for at := begins[len(begins)-1]; at >= 0; at = matches[at].next {
		from[matches[at].after] = matches[at].before + offset
	}
}
