package templates

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// The directives of a strategic merge. The prefixes are followed by the name of a list beside them.
const (
	patchDirective       = "$patch" // merge, replace or delete
	retainKeysDirective  = "$retainKeys"
	deleteElementsPrefix = "$deleteFromPrimitiveList/"
	elementOrderPrefix   = "$setElementOrder/"
)

// unknownDirective is what is wrong with a key for which isKnownDirective is false.
const unknownDirective = "is not a directive of a strategic merge"

// isKnownDirective says that a key for which isDirective is true is one of them.
func isKnownDirective(key string) bool {
	return key == patchDirective || key == retainKeysDirective ||
		strings.HasPrefix(key, deleteElementsPrefix) || strings.HasPrefix(key, elementOrderPrefix)
}

// before follows the directives that come before the fields are merged, and says whether there are any directives.
func (m merger) before(to *draft, patch map[string]any) (directed bool, err error) {
	var first firstError
	for key, value := range patch {
		if !isDirective(key) {
			continue
		}
		directed = true
		list, isList := value.([]any)
		name, deletes := strings.CutPrefix(key, deleteElementsPrefix)
		switch {
		case key == patchDirective:
		case !isKnownDirective(key):
			first.note(key, &fieldError{problem: unknownDirective})
		case !isList:
			first.note(key, &fieldError{problem: fmt.Sprintf("is %s, want a list", strictyaml.Kind(value))})
		case key == retainKeysDirective:
			first.note(key, retainKeys(to, patch, list))
		case deletes:
			first.note(key, deleteElements(to, name, list))
		}
	}
	return directed, first.err
}

// retainKeys takes away the fields that the directive does not list.
func retainKeys(to *draft, patch map[string]any, list []any) error {
	retained := make(map[any]bool, len(list))
	for i, key := range list {
		if _, ok := key.(string); !ok {
			return &fieldError{fieldPath{i}, fmt.Sprintf("is %s, want a string", strictyaml.Kind(key))}
		}
		retained[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(patch)) { // so that one error is always the same
		if patch[key] != nil && !isDirective(key) && !retained[key] {
			return &fieldError{problem: fmt.Sprintf("does not list %s, which stands beside it", key)}
		}
	}
	for key := range to.object {
		if !retained[key] {
			to.delete(key)
		}
	}
	return nil
}

// deleteElements takes scalars out of a list.
func deleteElements(to *draft, name string, deleted []any) error {
	keys := make(map[string]bool, len(deleted))
	for i, value := range deleted {
		id, ok := scalarKey(value)
		if !ok {
			return &fieldError{fieldPath{i}, fmt.Sprintf("is %s, want a scalar", strictyaml.Kind(value))}
		}
		keys[id] = true
	}
	list, ok := to.object[name].([]any)
	if !ok {
		return nil
	}
	to.set(name, slices.DeleteFunc(slices.Clone(list), func(value any) bool {
		id, ok := scalarKey(value)
		return ok && keys[id]
	}))
	return nil
}

// reorder follows the directives that say in which order the elements of lists stand.
func reorder(t *podtype.Type, to *draft, base, patch map[string]any) error {
	var first firstError
	for directive, value := range patch {
		name, ok := strings.CutPrefix(directive, elementOrderPrefix)
		order, isList := value.([]any)
		list, there := to.object[name].([]any)
		if !ok || !isList || !there {
			continue
		}
		was, _ := base[name].([]any)
		changes, _ := patch[name].([]any)
		list, err := inOrder(t.Field(name), list, was, changes, order)
		if err == nil {
			to.set(name, list)
		}
		first.note(directive, err)
	}
	return first.err
}

// inOrder returns a list of type t, in which a patch has been merged, with the elements that order names in that order.
func inOrder(t *podtype.Type, list, base, patch, order []any) ([]any, error) {
	key := scalarKey
	if t.MergeKey() != "" {
		key = keyOf(t, order)
	}
	ranks, places := make(map[string]int, len(order)), make(map[string]int, len(base))
	for i, element := range order {
		id, ok := key(element)
		if !ok {
			return nil, &fieldError{fieldPath{i}, "does not say which element it is"}
		}
		if _, known := ranks[id]; !known {
			ranks[id] = i
		}
	}
	last := -1
	for _, element := range patch {
		object, _ := element.(map[string]any)
		id, _ := key(element)
		rank, ok := ranks[id]
		switch {
		case object[patchDirective] != nil:
		case !ok || rank < last:
			return nil, &fieldError{problem: fmt.Sprintf("the elements of the list beside it are not in this order: %s", id)}
		default:
			last = rank
		}
	}
	for i, element := range base {
		if id, ok := key(element); ok {
			if _, known := places[id]; !known {
				places[id] = i
			}
		}
	}
	all := elements{key: key, first: make(map[string]int, len(list))}
	for i, element := range list {
		id, keyed := key(element)
		place, known := places[id]
		switch {
		case !keyed:
			place = i
		case !known:
			place = -1
		}
		at := all.add(element, place)
		if rank, ok := ranks[id]; ok && keyed {
			all.items[at].rank = rank
		}
	}
	return all.arranged(), nil
}

// refuseDirectives returns an *InputError naming the first field of a pod that looks like a merge directive. Merging a
// user's container, such a field could delete what a template or another user of the pod put there.
func refuseDirectives(pod map[string]any) error {
	path := directiveIn(pod)
	if path == nil {
		return nil
	}
	return &InputError{Problem: fmt.Sprintf("pod field %q: fields that start with $ steer a merge and are allowed in templates only", path)}
}

// directiveIn returns the path of the first directive in a value, in alphabetical order; nil if there is none.
func directiveIn(value any) fieldPath {
	var first firstError
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			if isDirective(key) {
				first.note(key, &fieldError{})
			} else if path := directiveIn(field); path != nil {
				first.note(key, &fieldError{path: path})
			}
		}
	case []any:
		for i, element := range value {
			if path := directiveIn(element); path != nil {
				return append(fieldPath{i}, path...)
			}
		}
	}
	if found, ok := errors.AsType[*fieldError](first.err); ok {
		return found.path
	}
	return nil
}
