package templates

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// portRanges returns the ports and ranges of ports of a list, such as 22,8000-8010, without needless digits. One comma at its
// end is ignored.
func portRanges(key, value string) (string, error) {
	return portList(key, value, "a port (1 to 65535) or a range of ports such as 8000-8010", parsePorts)
}

// namedPorts is portRanges for a list in which an element may be the name of a port of one of the containers, for which its
// number stands, of several the last. A name that none of them has is left out: the list may be meant for many pods.
func namedPorts(key, value string, containers ...[]corev1.Container) (string, error) {
	named := map[string]string{}
	for _, list := range containers {
		for i := range list {
			for _, port := range list[i].Ports {
				named[port.Name] = strconv.Itoa(int(port.ContainerPort))
			}
		}
	}
	delete(named, "")
	want := "a port (1 to 65535), the name of one, or a range of ports such as 8000-8010"
	return portList(key, value, want, func(element string) (string, bool) {
		if number, known := named[element]; known {
			return number, true
		}
		if ports, ok := parsePorts(element); ok {
			return ports, true
		}
		return "", len(validation.IsValidPortName(element)) == 0
	})
}

// portList returns what read makes of the elements of a list, but for what is empty.
func portList(key, value, want string, read func(element string) (ports string, ok bool)) (string, error) {
	if value == "" {
		return "", nil
	}
	var found []string
	for element := range strings.SplitSeq(strings.TrimSuffix(value, ","), ",") {
		ports, ok := read(strings.TrimSpace(element))
		if !ok {
			return "", &InputError{key, fmt.Sprintf("%q is not %s; a list is separated by commas", strings.TrimSpace(element), want)}
		}
		if ports != "" {
			found = append(found, ports)
		}
	}
	return strings.Join(found, ","), nil
}

// parsePorts reads a port or a range of ports.
func parsePorts(text string) (ports string, ok bool) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseUint(first, 10, 16)
	if err != nil || from == 0 {
		return "", false
	}
	to, err := strconv.ParseUint(last, 10, 16)
	switch {
	case err != nil || to < from:
		return "", false
	case to == from:
		return strconv.FormatUint(from, 10), true
	}
	return fmt.Sprintf("%d-%d", from, to), true
}
