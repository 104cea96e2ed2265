package templates

import (
	"maps"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// withoutChanges returns a pod with what the injection before changed of its author's containers undone, as far as it is as
// the injection left it. The pod is not changed.
func (s status) withoutChanges(pod Pod) Pod {
	if len(s.Pod) == 0 {
		return pod
	}
	st := &stripper{owned: s.Pod, restores: true}
	lost, _ := s.Was["spec"].(map[string]any)
	spec := podtype.Pod().Field("spec")
	st.enter("spec")
	lists := map[string][]any{}
	for _, list := range containerLists {
		at := st.enter(list)
		if all := pod.elements(list); isKeyed(spec.Field(list), all) {
			authors, _ := lost[list].([]any)
			lists[list] = st.list(spec.Field(list), all, authors)
		}
		st.leave(at)
	}
	if st.taken == 0 {
		return pod
	}
	return pod.withContainers(lists)
}

// restored returns what is left of an object with what its author lost: where the stripper took a field, and where a field is
// still absent that an injection took away. What somebody else has written since stays, and so does another field of the same
// union. rest is what is left of the object, perhaps the very one. Neither is changed.
func (s *stripper) restored(t *podtype.Type, object, rest, lost map[string]any) map[string]any {
	own := !listmap.Same(rest, object)
	edit := func() {
		if s.taken++; !own {
			rest, own = maps.Clone(rest), true
		}
	}
	ordered := false
	for name, value := range lost {
		if strings.HasPrefix(name, orderPrefix) {
			ordered = true
			continue
		}
		current := rest[name]
		written := current != nil && !listmap.Absent(t.Field(name), current) // what the API server fills in, nobody wrote
		if written || !s.comesBack(name, current == nil && object[name] != nil) || s.hasOther(t, name, rest) {
			continue
		}
		edit()
		rest[name] = value
	}
	if ordered {
		edit()
		restoreOrders(t, rest, lost)
	}
	return rest
}

// comesBack says that a field which is not there any more was taken by the stripper, or by the injection before.
func (s *stripper) comesBack(name string, taken bool) bool {
	if taken {
		return true
	}
	at := s.enter(name)
	defer s.leave(at)
	return s.owned.has(s.absentHash())
}

// hasOther says that an object has another field of the union that the field belongs to.
func (s *stripper) hasOther(t *podtype.Type, name string, object map[string]any) bool {
	for _, other := range t.OneOf(name) {
		if object[other] != nil {
			return true
		}
	}
	return false
}

// restoredElements returns what is left of a list with the elements at its end that an injection took away, and that are not
// there again. Elements have keys.
func (s *stripper) restoredElements(t *podtype.Type, rest, list, lost []any) []any {
	there := elementsByKey(t, list)
	for _, element := range lost {
		key, ok := listmap.Key(t, element)
		if ok && there[key] == nil && s.comesBack(key, false) {
			s.taken++
			rest = append(rest, element)
		}
	}
	return rest
}
