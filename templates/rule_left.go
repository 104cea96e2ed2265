package templates

import (
	"fmt"
	"strconv"
	"strings"
)

// checkContainersLeft: a pod has to have a container. One whose only container is the override of a native sidecar,
// which is an init container, is left with none.
func checkContainersLeft(s *subject, pod Pod) *violation {
	if problem := noContainerLeft(s, pod); problem != "" && !s.profile.Hooks.AllowNoContainers {
		return &violation{field: "spec.containers", problem: problem}
	}
	return nil
}

// warnContainersLeft says it where the profile lets such a pod through.
func warnContainersLeft(s *subject) []string {
	if problem := noContainerLeft(s, s.after); problem != "" {
		return []string{problem}
	}
	return nil
}

// noContainerLeft says that a pod has no container, since all that its author wrote there are injected as init
// containers; it is empty if that is not so.
func noContainerLeft(s *subject, pod Pod) string {
	if len(pod.elements(Containers)) > 0 {
		return ""
	}
	var names []string
	for _, container := range s.before().In(Containers) {
		if s.lists[nameOf(container)] != InitContainers {
			return ""
		}
		names = append(names, strconv.Quote(nameOf(container)))
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("the pod has no container besides %s, which is injected as an init container: it needs one of its own", strings.Join(names, " and "))
}
