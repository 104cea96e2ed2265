package templates

// The two lists of a pod's spec that hold containers which injection deals with, all on the same code path. Ephemeral
// containers cannot be set when a pod is created.
const (
	InitContainers = "initContainers"
	Containers     = "containers"
)

var containerLists = []string{InitContainers, Containers}

// objectsIn returns the objects of the list at the path; what is missing or of another shape is left out. The objects
// are those of the input, not copies.
func objectsIn(object map[string]any, path ...string) []map[string]any {
	for _, step := range path[:len(path)-1] {
		object, _ = object[step].(map[string]any)
	}
	list, _ := object[path[len(path)-1]].([]any)
	objects := make([]map[string]any, 0, len(list))
	for _, element := range list {
		if o, ok := element.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}

func nameOf(container map[string]any) string {
	name, _ := container["name"].(string)
	return name
}

// mapContainers replaces each container of both lists by what f returns for it; nil takes it out. Init containers that
// become none are removed; containers that become none stay as an empty list, since a pod has to have it. It changes the
// pod.
func mapContainers(pod map[string]any, f func(list string, container map[string]any) map[string]any) {
	spec, _ := pod["spec"].(map[string]any)
	for _, list := range containerLists {
		all, ok := spec[list].([]any)
		if !ok {
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
		spec[list] = rest
		if len(rest) == 0 && list == InitContainers {
			delete(spec, list)
		}
	}
}

// isNative says whether an init container is a native sidecar: one that is started in its turn and then keeps running
// (KEP-753).
func isNative(initContainer map[string]any) bool {
	return initContainer["restartPolicy"] == "Always"
}
