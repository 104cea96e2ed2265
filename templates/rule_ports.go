package templates

import "fmt"

// checkPortNames: the ports of a container have names of their own.
func checkPortNames(_ string, container map[string]any) *violation {
	taken := map[string]any{}
	for i, port := range objectsOf(container, "ports") {
		name := textAt(port, "name")
		if other, ok := taken[name]; ok && name != "" {
			return &violation{container: nameOf(container), field: fmt.Sprintf("ports[%d].name", i), problem: fmt.Sprintf("%q is the name of the port %v already: give the port %v another", name, other, port["containerPort"])}
		}
		taken[name] = port["containerPort"]
	}
	return nil
}

// checkHostPorts: containers that run at the same time take a port of the node once. Init containers are only compared with
// themselves, so an override that moves from one list to the other may meet a port there.
func checkHostPorts(_ *subject, pod Pod) *violation {
	taken := map[string]string{}
	for _, container := range pod.In(Containers) {
		if broken := takeHostPorts(container, taken); broken != nil {
			return broken
		}
	}
	for _, container := range pod.In(InitContainers) {
		if broken := takeHostPorts(container, map[string]string{}); broken != nil {
			return broken
		}
	}
	return nil
}

// takeHostPorts notes the host ports of a container in taken, by the container that has each.
func takeHostPorts(container map[string]any, taken map[string]string) *violation {
	for i, port := range objectsOf(container, "ports") {
		if number, ok := port["hostPort"].(int64); !ok || number == 0 {
			continue
		}
		key := fmt.Sprintf("%s/%s/%v", protocolOf(port), textAt(port, "hostIP"), port["hostPort"])
		if other, ok := taken[key]; ok {
			return &violation{field: fmt.Sprintf("container %q: ports[%d].hostPort", nameOf(container), i), problem: fmt.Sprintf("%v/%s is taken by the container %q: take another", port["hostPort"], protocolOf(port), other)}
		}
		taken[key] = nameOf(container)
	}
	return nil
}
