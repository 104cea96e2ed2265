package templates

import (
	"errors"
	"fmt"
	"maps"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// mergePod merges an overlay over a pod as kubectl patch does (strategic merge), with these differences: elements of
// lists are the same by the keys of server-side apply, so that 53/TCP and 53/UDP are two ports; fields that the Pod
// type does not know are merged plainly (objects merge, all else is replaced).
//
// It changes neither argument. The result shares with them what did not change, so that it must not be changed either.
// The error is a *fieldError that says what of the overlay cannot be merged, or a *podError that says it of the pod.
func mergePod(pod, overlay map[string]any) (map[string]any, error) {
	merged, _, err := merger{}.object(podtype.Pod(), pod, overlay)
	return merged, err
}

// mergeContainer merges what the pod's author says of a container over the injected one. It is as mergePod, but where a
// field is one of several of which a container can have one, such as a probe's handlers, the author's takes the place
// of the others.
func mergeContainer(injected, author map[string]any) (map[string]any, error) {
	merged, _, err := merger{chooses: true}.object(containerType, injected, author)
	return merged, err
}

// merger merges patches.
type merger struct {
	// chooses says that a field of a patch takes the place of the other fields of its union.
	chooses bool
}

// object merges a patch over an object of type t. changed is false if the result is base itself.
func (m merger) object(t *podtype.Type, base, patch map[string]any) (merged map[string]any, changed bool, err error) {
	switch directive := patch[patchDirective]; directive {
	case nil, "merge":
	case "replace":
		return cleanObject(patch), true, nil
	case "delete":
		return map[string]any{}, true, nil
	default:
		return nil, false, &fieldError{fieldPath{patchDirective}, fmt.Sprintf("is %v, want merge, replace or delete", directive)}
	}
	to := draft{object: base}
	directed, err := m.before(&to, patch)
	if err != nil {
		return nil, false, err
	}
	var first firstError
	for key, value := range patch {
		if !isDirective(key) {
			first.note(key, m.field(t, &to, patch, key, value))
		}
	}
	if directed {
		first.note("", reorder(t, &to, base, patch))
	}
	return to.object, to.own, first.err
}

// field merges one field of a patch.
func (m merger) field(t *podtype.Type, to *draft, patch map[string]any, key string, value any) error {
	if value == nil {
		to.delete(key)
		return nil
	}
	if m.chooses {
		for _, other := range t.OneOf(key) {
			if patch[other] == nil {
				to.delete(other)
			}
		}
	}
	of := t.Field(key)
	switch value := value.(type) {
	case map[string]any:
		if base, ok := to.object[key].(map[string]any); ok {
			merged, changed, err := m.object(of, base, value)
			if changed {
				to.set(key, merged)
			}
			return err
		}
	case []any:
		if base, ok := to.object[key].([]any); ok {
			merged, err := m.list(of, base, value)
			if err == nil {
				to.set(key, merged)
			}
			return err
		}
	default:
		if to.object[key] == value {
			return nil
		}
	}
	if cleaned, keep := clean(value); keep {
		to.set(key, cleaned)
	} else {
		to.delete(key)
	}
	return nil
}

// draft is an object that is copied before it is first written to.
type draft struct {
	object map[string]any
	own    bool
}

func (d *draft) set(key string, value any) {
	d.copy()
	d.object[key] = value
}

func (d *draft) delete(key string) {
	if _, there := d.object[key]; there {
		d.copy()
		delete(d.object, key)
	}
}

func (d *draft) copy() {
	if !d.own {
		d.own, d.object = true, maps.Clone(d.object)
	}
	if d.object == nil {
		d.object = map[string]any{}
	}
}

// firstError keeps the error of the first key in alphabetical order, so that one error is always the same.
type firstError struct {
	key string
	err error
}

func (f *firstError) note(key string, err error) {
	if err == nil || f.err != nil && f.key <= key {
		return
	}
	f.key, f.err = key, err
	if key != "" {
		f.err = within(key, err)
	}
}

// podError says what is wrong with a field of the pod that is merged over.
type podError fieldError

func (e *podError) Error() string { return (*fieldError)(e).Error() }

// within puts a step before the path of an error of a merge, which it may change.
func within(step any, err error) error {
	if of, ok := errors.AsType[*fieldError](err); ok {
		of.path = append(fieldPath{step}, of.path...)
	}
	if of, ok := errors.AsType[*podError](err); ok {
		of.path = append(fieldPath{step}, of.path...)
	}
	return err
}

// clean returns a value without null fields and directives: what is left of a part of a patch that finds nothing to be
// merged over. keep is false if nothing is to be left of it. The value is not changed; the result is it, if it has
// neither.
func clean(value any) (cleaned any, keep bool) {
	if isClean(value) {
		return value, true
	}
	switch value := value.(type) {
	case map[string]any:
		if value[patchDirective] == "delete" {
			return nil, false
		}
		return cleanObject(value), true
	case []any:
		return cleanList(value), true
	}
	return value, true
}

func isClean(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			if field == nil || isDirective(key) || !isClean(field) {
				return false
			}
		}
	case []any:
		for _, element := range value {
			if !isClean(element) {
				return false
			}
		}
	}
	return true
}

func cleanObject(object map[string]any) map[string]any {
	cleaned := make(map[string]any, len(object))
	for key, value := range object {
		if value == nil || isDirective(key) {
			continue
		}
		if field, keep := clean(value); keep {
			cleaned[key] = field
		}
	}
	return cleaned
}

// cleanList is clean for a list. Elements that say "delete" or "replace" are about other elements, and no element
// themselves.
func cleanList(list []any) []any {
	if isClean(list) {
		return list
	}
	cleaned := make([]any, 0, len(list))
	for _, element := range list {
		object, _ := element.(map[string]any)
		if directive := object[patchDirective]; directive == nil || directive == "merge" {
			element, _ = clean(element)
			cleaned = append(cleaned, element)
		}
	}
	return cleaned
}
