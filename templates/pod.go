package templates

// Pod is a decoded pod as the hooks of a profile work on it: the raw object, so that fields which this program does not
// know survive. Its methods return parts of the pod itself, not copies.
type Pod map[string]any

// In returns the containers of a list, InitContainers or Containers.
func (p Pod) In(list string) []map[string]any { return objectsIn(p, "spec", list) }

// All returns the containers of both lists, init containers first.
func (p Pod) All() []map[string]any { return append(p.In(InitContainers), p.In(Containers)...) }

// Find returns the container of that name, of Containers first, and the list that it stands in; nil if there is none.
func (p Pod) Find(name string) (container map[string]any, list string) {
	for _, list := range []string{Containers, InitContainers} {
		for _, container := range p.In(list) {
			if nameOf(container) == name {
				return container, list
			}
		}
	}
	return nil, ""
}

// Replace sets a list of containers. An empty one is removed, but for Containers, which a pod has to have.
func (p Pod) Replace(list string, all []map[string]any) {
	spec := Child(p, "spec")
	if _, there := spec[list]; len(all) == 0 && (list != Containers || !there) {
		delete(spec, list)
		return
	}
	elements := make([]any, len(all))
	for i, container := range all {
		elements[i] = container
	}
	spec[list] = elements
}

// Annotations returns the pod's annotations, and makes them if there are none.
func (p Pod) Annotations() map[string]any { return Child(Child(p, "metadata"), "annotations") }

// Labels returns the pod's labels, and makes them if there are none.
func (p Pod) Labels() map[string]any { return Child(Child(p, "metadata"), "labels") }

// Annotation returns the value of an annotation.
func (p Pod) Annotation(key string) (value string, set bool) {
	metadata, _ := p["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, set = annotations[key].(string)
	return value, set
}

// Child returns the object in a field of an object, not a copy, and makes it if there is none.
func Child(object map[string]any, field string) map[string]any {
	inner, ok := object[field].(map[string]any)
	if !ok {
		inner = map[string]any{}
		object[field] = inner
	}
	return inner
}
