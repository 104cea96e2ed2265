package templates

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// warnProxyPorts warns of application containers whose ports the proxy takes: all containers of a pod share one network, and
// whoever comes second cannot listen. Only ports that a container names are known.
func warnProxyPorts(s *subject) []string {
	taken := map[int64]bool{}
	for name, ports := range s.profile.ProxyPorts {
		if s.lists[name] == "" {
			continue
		}
		for _, port := range ports {
			taken[port] = true
		}
	}
	var warnings []string
	s.eachOwnPort(func(container string, port map[string]any) {
		number, _ := port["containerPort"].(int64)
		if taken[number] && protocolOf(port) == string(corev1.ProtocolTCP) {
			warnings = append(warnings, fmt.Sprintf("the container %q has the port %d, which is the proxy's: it cannot listen there, or is not reached; take another port", container, number))
		}
	})
	return warnings
}

// warnPortNames warns of ports of the application that have the name of a port of an injected container: a Service that
// goes by the name finds either.
func warnPortNames(s *subject) []string {
	taken := map[string]string{}
	for _, list := range containerLists {
		for _, container := range s.after.In(list) {
			for _, port := range objectsOf(container, "ports") {
				if name := textAt(port, "name"); name != "" && s.injects(list, nameOf(container)) {
					taken[name] = nameOf(container)
				}
			}
		}
	}
	if len(taken) == 0 {
		return nil
	}
	var warnings []string
	s.eachOwnPort(func(container string, port map[string]any) {
		name := textAt(port, "name")
		if other, ok := taken[name]; ok {
			warnings = append(warnings, fmt.Sprintf("the containers %q and %q both name a port %q: Services that use the name are ambiguous; give the port another name", container, other, name))
		}
	})
	return warnings
}

// eachOwnPort visits the ports of the containers that are the author's own and run as long as the pod does.
func (s *subject) eachOwnPort(visit func(container string, port map[string]any)) {
	for _, list := range containerLists {
		for _, container := range s.after.In(list) {
			if s.injects(list, nameOf(container)) || list == InitContainers && !isNative(container) {
				continue
			}
			for _, port := range objectsOf(container, "ports") {
				visit(nameOf(container), port)
			}
		}
	}
}
