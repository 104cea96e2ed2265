package simulate

import "fmt"

// MovedProbes says of each TCP probe that asks another port after injection which one it asks instead of which, a sentence
// each, in the order of the containers. The pods are those before and after; they are not changed.
func MovedProbes(before, after map[string]any) []string {
	var moved []string
	for _, list := range []string{"spec.initContainers.*", "spec.containers.*"} {
		was := map[string]map[string]any{}
		for _, container := range Find(before, list) {
			was[Text(container, "name")] = container
		}
		for _, container := range Find(after, list) {
			name := Text(container, "name")
			for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
				from, to := probedPort(was[name], probe), probedPort(container, probe)
				if from != "" && to != "" && from != to {
					moved = append(moved, fmt.Sprintf("the %s of the container %q asks the TCP port %s instead of %s", probe, name, to, from))
				}
			}
		}
	}
	return moved
}

// probedPort is the port that a container's probe asks by TCP, with its number where it is named; empty without one.
func probedPort(container map[string]any, probe string) string {
	sockets := Find(container, probe+".tcpSocket")
	if len(sockets) == 0 {
		return ""
	}
	name := Text(sockets[0], "port")
	if name == "" {
		return fmt.Sprint(sockets[0]["port"])
	}
	for _, port := range Find(container, "ports.*") {
		if Text(port, "name") == name {
			return fmt.Sprintf("%v (%s)", port["containerPort"], name)
		}
	}
	return name
}
