package templates

import (
	"errors"
	"maps"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// Remove undoes an injection by this program's engine, with whatever profile: it returns the pod as its author wrote it,
// and what the annotation of that key (see Keys) says of the injection. ok is false, and the pod nil, if there is no such
// annotation. It needs no templates: all that it knows is from the annotation, which anybody can write.
//
// A field that is not as the injection set it stays, for somebody has changed it since; a list element that the injection
// added, and an object that it put deeper into the pod than annotations and a security context are, goes with whatever
// has been added to it, such as what the API server fills in. Elements of lists come back by their keys, and in the order
// that their author gave them. The pod is not changed; the result shares values with it. The error says that nothing would be
// left of it.
func Remove(pod map[string]any, key string) (removed map[string]any, record Record, ok bool, err error) {
	annotation, _ := Pod(pod).Annotation(key)
	status := readStatus(annotation)
	if !status.injected() {
		return nil, Record{}, false, nil
	}
	record, _ = status.record(pod)
	removed = status.remove(pod, key)
	if len(Pod(removed).In(Containers)) == 0 {
		return nil, record, true, errors.New("no container would be left: all are listed in the annotation " + key)
	}
	return removed, record, true, nil
}

// remove returns the pod without what was injected. The pod is not changed; the result shares values with it.
func (s status) remove(pod map[string]any, key string) map[string]any {
	removed := maps.Clone(pod)
	if spec, ok := pod["spec"].(map[string]any); ok {
		spec = maps.Clone(spec)
		removed["spec"] = spec
		for _, list := range containerLists {
			if all, ok := spec[list].([]any); ok {
				spec[list] = s.removeContainers(list, all)
				if len(spec[list].([]any)) == 0 && list == InitContainers {
					delete(spec, list)
				}
			}
		}
		s.restorePositions(removed)
	}
	dropAnnotation(removed, key)
	return (&stripper{owned: s.Pod, restores: true}).object(podtype.Pod(), removed, nil, s.Was)
}

// removeContainers returns a list of containers without what was injected.
func (s status) removeContainers(list string, all []any) []any {
	rest := make([]any, 0, len(all))
	for _, element := range all {
		container, _ := element.(map[string]any)
		name := nameOf(container)
		_, injected := s.of(list, name)
		lost, written := s.Overrides[name]
		switch {
		case !injected:
			rest = append(rest, element)
		case written:
			own := s.withoutOwned(list, container)
			if own == nil {
				own = map[string]any{"name": container["name"]}
			}
			rest = append(rest, mergeLost(containerType, own, lost))
		}
	}
	return rest
}

// injected says that the status speaks of an injection at all; templates may inject labels alone.
func (s status) injected() bool { return len(s.Containers)+len(s.Pod)+len(s.Was) > 0 }

// author returns the pod as its author wrote it, perhaps the very one.
func (s status) author(pod map[string]any, key string) map[string]any {
	if !s.injected() {
		return pod
	}
	return s.remove(pod, key)
}

// noteAuthor notes what is needed to make the author's pod of the injected one; lists are those of the injected containers.
// Neither pod is changed.
func (s *status) noteAuthor(author, injected Pod, lists map[string]string, key string) {
	if original := positionsOf(author, lists); len(original) > 0 {
		s.Overrides = make(map[string]object, len(original))
		// What is compared is what the next injection, or Remove, will find.
		left := map[string]map[string]any{}
		for _, list := range containerLists {
			for _, container := range injected.In(list) {
				if name := nameOf(container); original[name] != "" {
					owned, _ := s.of(list, name)
					left[name] = stripContainer(container, owned, nil)
				}
			}
		}
		for _, container := range author.All() {
			name := nameOf(container)
			if original[name] == "" {
				continue
			}
			lost := (&comparison{}).object(containerType, container, left[name])
			if lost == nil {
				lost = map[string]any{}
			}
			s.Overrides[name] = lost
		}
		s.Positions = s.lostPositions(original, injected)
	}
	c := &comparison{}
	s.Was = c.object(podtype.Pod(), outside(author, lists, key), outside(injected, lists, key))
	s.Pod = ownedOf(c.set)
}

// outside returns a pod without the containers in lists and without the annotation, and without the lists and objects
// that are empty for that. It shares values with the pod, which is not changed.
func outside(pod map[string]any, lists map[string]string, key string) map[string]any {
	view := maps.Clone(pod)
	if spec, ok := pod["spec"].(map[string]any); ok {
		spec = maps.Clone(spec)
		view["spec"] = spec
		for _, list := range containerLists {
			all, _ := spec[list].([]any)
			others := slices.DeleteFunc(slices.Clone(all), func(element any) bool {
				container, _ := element.(map[string]any)
				return lists[nameOf(container)] != ""
			})
			if len(others) > 0 {
				spec[list] = others
			} else if len(all) > 0 || list == Containers { // a pod without containers is not stored
				delete(spec, list)
			}
		}
	}
	dropAnnotation(view, key)
	return view
}

// dropAnnotation takes an annotation out of a pod, and annotations and metadata with it if they are empty then. It changes
// the pod, and no object below it.
func dropAnnotation(pod map[string]any, key string) {
	metadata, _ := pod["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	if _, there := annotations[key]; !there {
		return
	}
	metadata, annotations = maps.Clone(metadata), maps.Clone(annotations)
	delete(annotations, key)
	metadata["annotations"] = annotations
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	pod["metadata"] = metadata
	if len(metadata) == 0 {
		delete(pod, "metadata")
	}
}
