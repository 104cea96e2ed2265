package templates

// orderContainers puts the injected containers of a pod where they belong; the user's own keep their order:
//
//	list            injected containers stand
//	initContainers  first, if one of them is a native sidecar: it is up before the user's init containers need it
//	initContainers  last otherwise: the user's init containers run before traffic is sent to a proxy that is not up yet
//	containers      first, if one of them has a postStart hook: the kubelet starts the next when that has ended
//	containers      last otherwise
//
// Among themselves the injected ones keep the order of names. It changes the pod.
func orderContainers(pod map[string]any, names []string) {
	spec, _ := pod["spec"].(map[string]any)
	for _, list := range containerLists {
		all := objectsIn(pod, "spec", list)
		if len(all) == 0 {
			continue
		}
		byName := make(map[string]map[string]any, len(all))
		for _, container := range all {
			byName[nameOf(container)] = container
		}
		var injected, rest []any
		first := false
		ours := map[string]bool{}
		for _, name := range names {
			if container, ok := byName[name]; ok && !ours[name] {
				injected = append(injected, container)
				first = first || list == InitContainers && isNative(container) || list == Containers && hasPostStart(container)
				ours[name] = true
			}
		}
		for _, container := range all {
			if !ours[nameOf(container)] {
				rest = append(rest, container)
			}
		}
		if first {
			spec[list] = append(injected, rest...)
		} else {
			spec[list] = append(rest, injected...)
		}
	}
}

// hasPostStart says that the container has a postStart hook.
func hasPostStart(container map[string]any) bool {
	lifecycle, _ := container["lifecycle"].(map[string]any)
	return lifecycle["postStart"] != nil
}
