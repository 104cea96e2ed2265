package templates

import "slices"

// orderContainers returns the pod with the injected containers where they belong; the author's own keep their order:
//
//	list            injected containers stand
//	initContainers  first, if one of them is a native sidecar: it is up before the author's init containers need it
//	initContainers  last otherwise: the author's init containers run before traffic is sent to a proxy that is not up yet
//	containers      first, if one of them has a postStart hook: the kubelet starts the next when that has ended
//	containers      last otherwise
//
// Among themselves the injected ones keep the order of names. Those that $setElementOrder of an overlay names stand where
// that has put them. The pod is not changed.
func orderContainers(pod Pod, names []string, overlays []*overlay) Pod {
	lists := map[string][]any{}
	for _, list := range containerLists {
		if all := pod.elements(list); len(all) > 0 {
			lists[list] = inOrderOf(withoutOrdered(names, list, overlays), list, all)
		}
	}
	return pod.withContainers(lists)
}

// withoutOrdered returns the names but for those of which an overlay says the place in a list. They are not changed.
func withoutOrdered(names []string, list string, overlays []*overlay) []string {
	for _, o := range overlays {
		spec, _ := o.pod["spec"].(map[string]any)
		for _, placed := range objectsOf(spec, elementOrderPrefix+list) {
			if i := slices.Index(names, nameOf(placed)); i >= 0 {
				names = slices.Concat(names[:i], names[i+1:])
			}
		}
	}
	return names
}

// inOrderOf returns a list of containers with those of the names at the end where they belong, each once.
func inOrderOf(names []string, list string, all []any) []any {
	byName := make(map[string]any, len(names))
	for _, name := range names {
		byName[name] = nil
	}
	others := make([]any, 0, len(all))
	for _, element := range all {
		container, _ := element.(map[string]any)
		name := nameOf(container)
		if known, injected := byName[name]; injected && known == nil {
			byName[name] = element
		} else {
			others = append(others, element)
		}
	}
	injected := make([]any, 0, len(all))
	first := false
	for _, name := range names {
		element := byName[name]
		if element == nil {
			continue
		}
		injected = append(injected, element)
		container := element.(map[string]any)
		first = first || list == InitContainers && isNative(container) || list == Containers && hasPostStart(container)
	}
	if first {
		return append(injected, others...)
	}
	return append(others, injected...)
}

// hasPostStart says that the container has a postStart hook.
func hasPostStart(container map[string]any) bool {
	lifecycle, _ := container["lifecycle"].(map[string]any)
	return lifecycle["postStart"] != nil
}
