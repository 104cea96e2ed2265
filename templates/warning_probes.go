package templates

import (
	"fmt"
	"slices"
)

// warnProbeNames warns of tcpSocket probes that ask a port by a name which their container does not have: such a probe fails,
// with the sidecar and without it, and its port cannot be looked after.
func warnProbeNames(s *subject) []string {
	captured := slices.ContainsFunc(s.profile.Redirect.Containers, func(name string) bool { return s.lists[name] != "" })
	if !captured {
		return nil
	}
	var warnings []string
	for _, list := range containerLists {
		for _, container := range s.after.In(list) {
			if s.injects(list, nameOf(container)) {
				continue
			}
			names := map[string]bool{"": true} // no name: a number
			for _, port := range objectsOf(container, "ports") {
				names[textAt(port, "name")] = true
			}
			for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
				asked := asObject(valueAt(container, probe+".tcpSocket"))
				if name := textAt(asked, "port"); !names[name] && textAt(asked, "host") == "" {
					warnings = append(warnings, fmt.Sprintf("the %s of the container %q asks the port %q, which the container does not have: the probe fails, and stays as it is; name the port in the container's ports", probe, nameOf(container), name))
				}
			}
		}
	}
	return warnings
}
