package templates

// orderContainers puts the injected containers of a pod where they belong; the user's own keep their order:
//
//	list            injected containers stand
//	initContainers  first, if one of them is a native sidecar: it is up before the user's init containers need it
//	initContainers  last otherwise: the user's init containers run before traffic is sent to a proxy that is not up yet
//	containers      last
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
		native := false
		ours := map[string]bool{}
		for _, name := range names {
			if container, ok := byName[name]; ok && !ours[name] {
				injected = append(injected, container)
				native = native || list == InitContainers && isNative(container)
				ours[name] = true
			}
		}
		for _, container := range all {
			if !ours[nameOf(container)] {
				rest = append(rest, container)
			}
		}
		if native {
			spec[list] = append(injected, rest...)
		} else {
			spec[list] = append(rest, injected...)
		}
	}
}
