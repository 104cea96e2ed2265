package templates

import (
	"maps"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// stripper takes the fields away that are owned and still as they were set. What nothing is taken of is shared with the
// result; nothing is changed.
type stripper struct {
	ownedPath
	owned ownedFields
	taken int
	// restores says that what is lost comes back, where it was taken or still is as absent as an injection made it.
	restores bool
}

// object returns what is left of an object, the very one if that is all. The fields of keep stay. lost is what its author
// had in it that comes back (see mergeLost); nil if nothing.
func (s *stripper) object(t *podtype.Type, object map[string]any, keep []string, lost map[string]any) map[string]any {
	rest := object
	for name, value := range object {
		if slices.Contains(keep, name) {
			continue
		}
		taken, at := s.taken, s.enter(name)
		left, ok := s.value(t.Field(name), value, lost[name])
		s.leave(at)
		if s.taken == taken {
			continue
		}
		if listmap.Same(rest, object) {
			rest = maps.Clone(object)
		}
		if ok {
			rest[name] = left
		} else {
			delete(rest, name)
		}
	}
	if s.restores && len(lost) > 0 {
		return s.restored(t, object, rest, lost)
	}
	return rest
}

// value returns what is left of a field; ok is false if nothing is. An object that an injection set a part of goes when
// nothing is left of it but what the API server fills in: half a probe is none. One that its author had stays, with what
// the API server filled in for the author.
func (s *stripper) value(t *podtype.Type, value, lost any) (rest any, ok bool) {
	taken := s.taken
	switch value := value.(type) {
	case map[string]any:
		if s.owned.has(s.wholeHash()) {
			s.taken++
			return nil, false
		}
		if len(value) > 0 && !s.isDeep() {
			author, comesBack := lost.(map[string]any)
			left := s.object(t, value, nil, author)
			return left, s.taken == taken || comesBack || !isAbsent(t, left, nil)
		}
	case []any:
		if !isKeyed(t, value) || s.isDeep() {
			break
		}
		if elementsByKey(t, value) != nil || !s.owned.has(s.hash(t, value)) {
			author, _ := lost.([]any)
			left := s.list(t, value, author)
			return left, len(left) > 0
		}
	}
	if s.owned.has(s.hash(t, value)) {
		s.taken++
	}
	return value, s.taken == taken
}

// list returns what is left of a list with keys. An element of which more was written than an injection set stays.
func (s *stripper) list(t *podtype.Type, list, lost []any) []any {
	before := s.taken
	authors := elementsByKey(t, lost)
	rest := make([]any, 0, len(list))
	for _, element := range list {
		object, at := element.(map[string]any), s.enterElement(t, element)
		keys := listmap.KeyFields(t, object)
		left := s.object(t.Elem(), object, keys, authors[string(s.text[at+1:])])
		if s.owned.has(s.wholeHash()) || isAbsent(t.Elem(), left, keys) && s.owned.has(s.elementHash(t, object)) {
			s.taken++
		} else {
			rest = append(rest, left)
		}
		s.leave(at)
	}
	if s.restores {
		rest = s.restoredElements(t, rest, list, lost)
	}
	if s.taken == before {
		return list
	}
	return rest
}

// isAbsent says that an object has no field, but for those of keep, that means more than if it were absent.
func isAbsent(t *podtype.Type, object map[string]any, keep []string) bool {
	for name, value := range object {
		if !slices.Contains(keep, name) && !listmap.Absent(t.Field(name), value) {
			return false
		}
	}
	return true
}
