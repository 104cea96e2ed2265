package templates

import "fmt"

// probes are the fields of a container that may ask a port by HTTP.
var probes = []string{"livenessProbe", "readinessProbe", "startupProbe", "lifecycle.preStop", "lifecycle.postStart"}

// checkProbePorts: a probe or hook asks a port from 1 to 65535. A profile that sends those of the application through the proxy
// may be told another by an annotation.
func checkProbePorts(s *subject, pod Pod) *violation {
	for _, container := range pod.All() {
		for _, probe := range probes {
			port, ok := valueAt(container, probe+".httpGet.port").(int64)
			if !ok || port > 0 && port <= 65535 {
				continue
			}
			broken := &violation{field: fmt.Sprintf("container %q: %s.httpGet.port", nameOf(container), probe), problem: fmt.Sprintf("%d is not a port (1 to 65535)", port)}
			if key := s.profile.FieldAnnotations["probe.httpGet.port"]; s.annotations[key] == fmt.Sprint(port) {
				broken.annotation, broken.problem = key, fmt.Sprintf("%q is not a port (1 to 65535), and the %s of the container %q needs one", s.annotations[key], probe, nameOf(container))
			}
			return broken
		}
	}
	return nil
}
