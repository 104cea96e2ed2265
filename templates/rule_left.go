package templates

import (
	"fmt"
	"strconv"
	"strings"
)

// checkContainersLeft: a pod has to have a container. One whose only containers are overrides of native sidecars, which are
// init containers, is left with none.
func checkContainersLeft(s *subject, pod Pod) *violation {
	if len(pod.elements(Containers)) > 0 {
		return nil
	}
	var names []string
	for _, container := range s.before().In(Containers) {
		if s.lists[nameOf(container)] != InitContainers {
			return nil
		}
		names = append(names, strconv.Quote(nameOf(container)))
	}
	if len(names) == 0 {
		return nil
	}
	return &violation{field: "spec.containers", problem: fmt.Sprintf("the pod has no container besides %s, which is injected as an init container: it needs one of its own", strings.Join(names, " and "))}
}
