package templates

import (
	"maps"

	"k8s.io/apimachinery/pkg/runtime"
)

// Pod is a decoded pod: the raw object, so that fields which this program does not know survive. Its methods return
// parts of the pod itself, not copies.
type Pod map[string]any

// The two lists of a pod's spec that hold containers which injection deals with, all on the same code path. Ephemeral
// containers cannot be set when a pod is created.
const (
	InitContainers = "initContainers"
	Containers     = "containers"
)

var containerLists = []string{InitContainers, Containers}

// In returns the objects of a list of the spec, such as Containers; what is no object is left out.
func (p Pod) In(list string) []map[string]any {
	all := p.elements(list)
	objects := make([]map[string]any, 0, len(all))
	for _, element := range all {
		if object, ok := element.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// All returns the containers of both lists, init containers first.
func (p Pod) All() []map[string]any { return append(p.In(InitContainers), p.In(Containers)...) }

// Find returns the container of that name, of Containers first, and the list that it stands in; nil if there is none.
func (p Pod) Find(name string) (container map[string]any, list string) {
	for _, list := range []string{Containers, InitContainers} {
		for _, element := range p.elements(list) {
			if container, ok := element.(map[string]any); ok && nameOf(container) == name {
				return container, list
			}
		}
	}
	return nil, ""
}

// Replace sets a list of containers. An empty one is removed, but for Containers, which a pod has to have. It changes
// the pod and its spec.
func (p Pod) Replace(list string, all []map[string]any) {
	elements := make([]any, len(all))
	for i, container := range all {
		elements[i] = container
	}
	setContainers(Child(p, "spec"), list, elements)
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

// Editable returns a copy of the pod for code that changes it. The copy's own are its metadata with labels and
// annotations, its spec, and its containers with all that is in them but the elements of env and volumeMounts. All else
// is shared with the pod: it may be replaced, but not be changed.
func (p Pod) Editable() Pod {
	editable := maps.Clone(p)
	if metadata, ok := p["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		editable["metadata"] = metadata
		for _, field := range []string{"labels", "annotations"} {
			if values, ok := metadata[field].(map[string]any); ok {
				metadata[field] = maps.Clone(values)
			}
		}
	}
	if spec, ok := p["spec"].(map[string]any); ok {
		editable["spec"] = maps.Clone(spec)
	}
	return editable.mapContainers(func(_ string, container map[string]any) map[string]any {
		own := make(map[string]any, len(container))
		for field, value := range container {
			if field != "env" && field != "volumeMounts" {
				value = runtime.DeepCopyJSONValue(value)
			}
			own[field] = value
		}
		return own
	})
}

// elements returns a list of the spec.
func (p Pod) elements(list string) []any {
	spec, _ := p["spec"].(map[string]any)
	all, _ := spec[list].([]any)
	return all
}

// with returns a copy of the pod with another list in its spec; it shares all else.
func (p Pod) with(list string, all []any) Pod { return p.withContainers(map[string][]any{list: all}) }

// withContainers returns a copy of the pod with other lists of containers, by the lists' names; it shares all else.
func (p Pod) withContainers(lists map[string][]any) Pod {
	changed, spec := maps.Clone(p), map[string]any{}
	if was, ok := p["spec"].(map[string]any); ok {
		spec = maps.Clone(was)
	}
	for list, all := range lists {
		setContainers(spec, list, all)
	}
	changed["spec"] = spec
	return changed
}

// setContainers sets a list of containers as Replace does.
func setContainers(spec map[string]any, list string, all []any) {
	if _, there := spec[list]; len(all) == 0 && (list != Containers || !there) {
		delete(spec, list)
		return
	}
	if all == nil {
		all = []any{} // a nil list would be null
	}
	spec[list] = all
}

// mapContainers returns a copy of the pod with each container of both lists replaced by what f returns for it; nil
// takes it out. It shares all else.
func (p Pod) mapContainers(f func(list string, container map[string]any) map[string]any) Pod {
	lists := map[string][]any{}
	for _, list := range containerLists {
		all := p.elements(list)
		if len(all) == 0 {
			continue
		}
		rest := make([]any, 0, len(all))
		for _, element := range all {
			container, ok := element.(map[string]any)
			if !ok {
				rest = append(rest, element)
			} else if container = f(list, container); container != nil {
				rest = append(rest, container)
			}
		}
		lists[list] = rest
	}
	return p.withContainers(lists)
}

// withAnnotation returns a copy of the pod with an annotation; it shares all else.
func (p Pod) withAnnotation(key, value string) Pod {
	changed, metadata, annotations := maps.Clone(p), map[string]any{}, map[string]any{}
	if was, ok := p["metadata"].(map[string]any); ok {
		metadata = maps.Clone(was)
	}
	if was, ok := metadata["annotations"].(map[string]any); ok {
		annotations = maps.Clone(was)
	}
	annotations[key] = value
	metadata["annotations"], changed["metadata"] = annotations, metadata
	return changed
}

// nameOf returns the name of a container or another element of a list.
func nameOf(container map[string]any) string {
	name, _ := container["name"].(string)
	return name
}

// isNative says whether an init container is a native sidecar: one that is started in its turn and then keeps running
// (KEP-753).
func isNative(initContainer map[string]any) bool { return initContainer["restartPolicy"] == "Always" }

// Child returns the object in a field of an object, not a copy, and makes it if there is none.
func Child(object map[string]any, field string) map[string]any {
	inner, ok := object[field].(map[string]any)
	if !ok {
		inner = map[string]any{}
		object[field] = inner
	}
	return inner
}
