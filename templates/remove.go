package templates

import (
	"errors"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// Remove undoes an injection by this program's engine, with whatever profile: it returns the pod as its author wrote it,
// and what the annotation of that key (see Keys) says of the injection. ok is false, and the pod nil, if there is no such
// annotation. It needs no templates: all that it knows is from the annotation, which anybody can write.
//
// A field that is not as the injection set it stays, for somebody has changed it since; a list element that the injection
// added, and an object that it put deeper into the pod than annotations and a security context are, goes with whatever
// has been added to it, such as what the API server fills in. Elements of lists come back by their keys, so that a
// list whose order templates changed keeps the new one; containers come back in their order. The pod is not changed. The
// error says that nothing would be left of it.
func Remove(pod map[string]any, key string) (removed map[string]any, record Record, ok bool, err error) {
	annotation, _ := Pod(pod).Annotation(key)
	claims := readStatus(annotation)
	if !claims.claims() {
		return nil, Record{}, false, nil
	}
	record, _ = claims.record(pod)
	removed = claims.remove(pod, key)
	if len(Pod(removed).In(Containers)) == 0 {
		return nil, record, true, errors.New("no container would be left: all are listed in the annotation " + key)
	}
	return removed, record, true, nil
}

// remove returns a copy of the pod without what is claimed to be injected.
func (s status) remove(pod map[string]any, key string) map[string]any {
	removed := runtime.DeepCopyJSON(pod)
	removed = Pod(removed).mapContainers(func(list string, container map[string]any) map[string]any {
		claimed, injected := s.of(list, nameOf(container))
		if !injected {
			return container
		}
		lost, written := s.Overrides[nameOf(container)]
		if !written {
			return nil
		}
		rest := withoutOwned(container, claimed)
		if rest == nil {
			rest = map[string]any{"name": container["name"]}
		}
		layOver(rest, lost)
		return rest
	})
	s.Places.restore(removed, slices.DeleteFunc(s.names(), func(name string) bool { return s.Overrides[name] == nil }))
	dropAnnotation(removed, key)
	removed = undo{s.Pod.set()}.object("", removed)
	layOver(removed, s.Was)
	return removed
}

// claims says that the status claims any injection at all; templates may inject labels alone.
func (s status) claims() bool { return len(s.Containers)+len(s.Pod)+len(s.Was) > 0 }

// author returns the pod as its author wrote it, perhaps the very one.
func (s status) author(pod map[string]any, key string) map[string]any {
	if !s.claims() {
		return pod
	}
	return s.remove(pod, key)
}

// noteAuthor notes what Remove needs to make the author's pod of the injected one; lists are those of the injected
// containers. Neither pod is changed.
func (s *status) noteAuthor(author, injected Pod, lists map[string]string, key string) {
	for _, container := range author.All() {
		name := nameOf(container)
		if lists[name] == "" {
			continue
		}
		if s.Overrides == nil {
			s.Overrides = map[string]object{}
		}
		now, _ := injected.Find(name)
		lost := (&change{}).object("", 0, container, now)
		if lost == nil {
			lost = map[string]any{}
		}
		s.Overrides[name] = lost
	}
	c := &change{}
	s.Was = c.object("", 0, outside(author, lists, key), outside(injected, lists, key))
	s.Pod = marksOf(c.set)
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
			} else if len(all) > 0 {
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
