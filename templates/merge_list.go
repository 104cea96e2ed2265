package templates

import (
	"fmt"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// list merges a patch over a list of type t.
func (m merger) list(t *podtype.Type, base, patch []any) ([]any, error) {
	switch {
	case !t.Merges():
		return cleanList(patch), nil
	case t.MergeKey() == "":
		return mergeSet(base, patch)
	}
	key := keyOf(t, patch)
	s, err := split(t, patch, key)
	if err != nil {
		return nil, err
	}
	if s.replace {
		return cleanList(s.elements), nil
	}
	all := elements{key: key, first: make(map[string]int, len(base)+len(patch))}
	for i, element := range base {
		id, ok := key(element)
		if !ok && t != pullSecrets {
			return nil, &podError{fieldPath{i}, keyProblem(t, element)}
		}
		if !s.deleted[id] {
			all.add(element, i)
		}
	}
	if at, ok := twiceChanged(t.Elem(), s, patch); ok {
		return nil, &fieldError{fieldPath{at}, fmt.Sprintf("the container %q is there twice, with $patch: merge, which changes the pod's own, and without, which injects one: want one of the two", nameOf(asObject(patch[at])))}
	}
	for rank, at := range s.at {
		if changesContainer(t.Elem(), patch[at]) && !all.has(s.ids[rank]) {
			return nil, &podError{problem: fmt.Sprintf("has no container %q, which a template changes", nameOf(patch[at].(map[string]any)))}
		}
		if err := m.element(t.Elem(), &all, patch[at], s.ids[rank], rank); err != nil {
			return nil, within(at, err)
		}
	}
	return all.arranged(), nil
}

// pullSecrets is the list that the API server takes elements without a key in, which are of no use.
var pullSecrets = podtype.Pod().Field("spec").Field("imagePullSecrets")

// element merges one element of a patch, of that key, over the first one of the same key, or adds it.
func (m merger) element(t *podtype.Type, all *elements, patch any, id string, rank int) error {
	at, known := all.first[id]
	if !known {
		at = all.add(nil, -1)
		all.first[id] = at
	}
	it := &all.items[at]
	if it.rank < 0 && !changesContainer(t, patch) {
		it.rank = rank
	}
	object, ok := it.value.(map[string]any)
	if !ok {
		it.value, _ = clean(patch)
		return nil
	}
	merged, changed, err := m.object(t, object, patch.(map[string]any))
	if changed {
		it.value = merged
	}
	return err
}

// changesContainer says that an element of a patch changes a container that is there, and stands where it stood: it says so,
// with $patch: merge, which elsewhere goes without saying. t is the element's type.
func changesContainer(t *podtype.Type, patch any) bool {
	object, _ := patch.(map[string]any)
	return t == containerType && object[patchDirective] == "merge"
}

// twiceChanged returns the index of the first element of a patch that changes a container which another one injects.
func twiceChanged(t *podtype.Type, s parts, patch []any) (at int, ok bool) {
	injects := make(map[string]bool, len(s.at))
	for rank, at := range s.at {
		if !changesContainer(t, patch[at]) {
			injects[s.ids[rank]] = true
		}
	}
	for rank, at := range s.at {
		if changesContainer(t, patch[at]) && injects[s.ids[rank]] {
			return at, true
		}
	}
	return 0, false
}

// mergeSet merges lists of scalars, of which each value stands once.
func mergeSet(base, patch []any) ([]any, error) {
	all := elements{key: scalarKey, first: make(map[string]int, len(base)+len(patch))}
	for i, value := range base {
		if id, _ := scalarKey(value); !all.has(id) {
			all.add(value, i)
		}
	}
	for rank, value := range patch {
		id, ok := scalarKey(value)
		if !ok {
			return nil, &fieldError{fieldPath{rank}, fmt.Sprintf("is %s, want a scalar", strictyaml.Kind(value))}
		}
		if !all.has(id) {
			all.add(value, -1)
		}
		if it := &all.items[all.first[id]]; it.rank < 0 {
			it.rank = rank
		}
	}
	return all.arranged(), nil
}

// keyOf returns what identifies an element of a list that is merged: the keys of server-side apply, or the one merge
// key where the patch leaves out another of them.
func keyOf(t *podtype.Type, patch []any) func(element any) (string, bool) {
	if len(t.ListKeys()) == 1 {
		patch = nil // the keys are the merge key
	}
	for _, element := range patch {
		object, ok := element.(map[string]any)
		if _, keyed := listmap.Key(t, element); ok && !keyed && object[t.MergeKey()] != nil {
			return func(element any) (string, bool) {
				object, _ := element.(map[string]any)
				return fmt.Sprint(object[t.MergeKey()]), object[t.MergeKey()] != nil
			}
		}
	}
	return func(element any) (string, bool) { return listmap.Key(t, element) }
}

func scalarKey(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case map[string]any, []any, nil:
		return "", false
	}
	return fmt.Sprintf("%T=%v", value, value), true
}

// parts are the elements of a patch of a list, by what they are there for.
type parts struct {
	// elements are merged; at are their indexes in the patch, ids their keys.
	elements []any
	at       []int
	ids      []string
	// deleted are the keys of elements that go.
	deleted map[string]bool
	// replace says that the elements of the patch are all that is left.
	replace bool
}

func split(t *podtype.Type, patch []any, key func(any) (string, bool)) (s parts, err error) {
	s.elements = []any{} // a list, though an empty one
	for i, element := range patch {
		object, _ := element.(map[string]any)
		directive := object[patchDirective]
		if directive == "replace" {
			s.replace = true
			continue
		}
		id, ok := key(element)
		if !ok {
			return s, &fieldError{fieldPath{i}, keyProblem(t, element)}
		}
		switch directive {
		case nil, "merge":
			s.elements, s.at, s.ids = append(s.elements, element), append(s.at, i), append(s.ids, id)
		case "delete":
			if s.deleted == nil {
				s.deleted = map[string]bool{}
			}
			s.deleted[id] = true
		default:
			return s, &fieldError{fieldPath{i, patchDirective}, fmt.Sprintf("is %v, want merge, replace or delete", directive)}
		}
	}
	return s, nil
}

// keyProblem says why an element of a list that is merged by keys has none.
func keyProblem(t *podtype.Type, element any) string {
	if _, ok := element.(map[string]any); !ok {
		return fmt.Sprintf("is %s, want an object", strictyaml.Kind(element))
	}
	return fmt.Sprintf("has no %s, by which elements of this list are merged", t.MergeKey())
}

// elements are those of a list while it is merged, with an index of their keys.
type elements struct {
	items []item
	key   func(element any) (string, bool)
	first map[string]int // of the elements of a key, the first
}

// item is one element. Of several that have one key, all but the first take place and rank of the first.
type item struct {
	value any
	first int // the index of the first that has the key
	place int // in the list that a patch is merged over; -1 in none
	rank  int // in the patch; -1 if it does not name the element
}

func (e *elements) has(id string) bool {
	_, ok := e.first[id]
	return ok
}

// add adds an element and returns its index. One without a key is by itself.
func (e *elements) add(value any, place int) int {
	at := len(e.items)
	it := item{value: value, first: at, place: place, rank: -1}
	if id, ok := e.key(value); ok {
		if first, known := e.first[id]; known {
			it.first, it.place = first, e.items[first].place
		} else {
			e.first[id] = at
		}
	}
	e.items = append(e.items, it)
	return at
}

// arranged returns the elements in the order of a strategic merge: those that the patch names in the order of the
// patch, all others in their own; of the next one of each kind the other comes first only if it stood before that of
// the patch.
func (e *elements) arranged() []any {
	named, others := make([]item, 0, len(e.items)), make([]item, 0, len(e.items))
	for _, it := range e.items {
		it.rank = e.items[it.first].rank
		if it.rank < 0 {
			others = append(others, it)
		} else {
			named = append(named, it)
		}
	}
	slices.SortStableFunc(named, func(a, b item) int { return a.rank - b.rank })
	slices.SortStableFunc(others, func(a, b item) int { return a.place - b.place })
	list := make([]any, 0, len(e.items))
	for _, it := range named {
		for len(others) > 0 && others[0].place < it.place {
			list = append(list, others[0].value)
			others = others[1:]
		}
		list = append(list, it.value)
	}
	for _, it := range others {
		list = append(list, it.value)
	}
	return list
}
