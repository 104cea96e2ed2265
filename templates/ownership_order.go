package templates

import (
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// orderPrefix is, as in a strategic merge, that of a field with the order of the list whose name follows: here its keys,
// where a comparison lost the order.
const orderPrefix = "$setElementOrder/"

// lostOrder returns the keys of a list, in order, if mergeLost cannot know their order from the other list, which has the
// elements that stay in the order of now and gets the others at the end; nil if it can. Every element has a key of its own.
func lostOrder(t *podtype.Type, before, now []any) (order []any) {
	stays := make(map[string]int, len(now))
	for i, element := range now {
		key, _ := listmap.Key(t, element)
		stays[key] = i
	}
	last, lost := -1, false
	for _, element := range before {
		key, _ := listmap.Key(t, element)
		order = append(order, key)
		place, ok := stays[key]
		if !ok {
			place = len(now)
		}
		lost = lost || place < last
		last = place
	}
	if !lost {
		return nil
	}
	return order
}

// restoreOrders puts the elements of an object's lists that are named where their order was lost in that order, at the
// places that they have together: all others stay where they are. Lists are copied.
func restoreOrders(t *podtype.Type, object, lost map[string]any) {
	for field, value := range lost {
		name, ok := strings.CutPrefix(field, orderPrefix)
		order, _ := value.([]any)
		list, isThere := object[name].([]any)
		if !ok || !isThere {
			continue
		}
		places := make(map[string]int, len(order)) // in the list, until they are taken
		for i, element := range list {
			if key, ok := listmap.Key(t.Field(name), element); ok {
				places[key] = i
			}
		}
		var from, to []int
		for _, key := range order {
			key, _ := key.(string)
			if place, ok := places[key]; ok {
				from, to = append(from, place), append(to, place)
				delete(places, key)
			}
		}
		slices.Sort(to)
		result := slices.Clone(list)
		for i, place := range to {
			result[place] = list[from[i]]
		}
		object[name] = result
	}
}
