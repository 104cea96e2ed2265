package templates

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// assignPorts returns a map of the elements of a list, as the list spells each first, to ports: the first ones from first up
// that the list taken does not have, in order.
func assignPorts(first int64, list, taken any) (map[string]any, error) {
	seen := map[string]bool{}
	distinctIn(seen, taken)
	ports := map[string]any{}
	for _, element := range distinctIn(map[string]bool{}, list) {
		for seen[strconv.FormatInt(first, 10)] {
			first++
		}
		if first > 65535 {
			return nil, &InputError{Problem: fmt.Sprintf("no port is free for the probe of the port %s", element)}
		}
		ports[element] = first
		first++
	}
	return ports, nil
}

// containerPort looks a port up as the kubelet does for a container's probe: a name is that of a port of the container. There
// is none where the number is no port.
func containerPort(container corev1.Container, port intstr.IntOrString) string {
	if port.Type == intstr.Int {
		if port.IntVal < 1 || port.IntVal > 65535 {
			return ""
		}
		return port.String()
	}
	for _, named := range container.Ports {
		if named.Name == port.StrVal {
			return strconv.Itoa(int(named.ContainerPort))
		}
	}
	return ""
}
