package templates

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// portRanges returns the ports and ranges of ports of a list, such as 22,8000-8010, without needless digits; one comma at its
// end is ignored. Where there are lists of containers, an element may be the name of a port of one of them, for which its
// number stands, of several the last; a name that none of them has is left out: the list may be meant for many pods.
func portRanges(key, value string, containers ...[]corev1.Container) (string, error) {
	if value == "" {
		return "", nil
	}
	named := map[string]string{}
	for _, list := range containers {
		for i := range list {
			for _, port := range list[i].Ports {
				named[port.Name] = strconv.Itoa(int(port.ContainerPort))
			}
		}
	}
	delete(named, "")
	var found []string
	for element := range strings.SplitSeq(strings.TrimSuffix(value, ","), ",") {
		element = strings.TrimSpace(element)
		ports, ok := named[element]
		if !ok {
			ports, ok = parsePorts(element)
		}
		switch {
		case ok:
			found = append(found, ports)
		case len(containers) == 0:
			return "", &InputError{key, fmt.Sprintf("%q is not a port (1 to 65535) or a range of ports such as 8000-8010; a list is separated by commas", element)}
		case len(validation.IsValidPortName(element)) > 0:
			return "", &InputError{key, fmt.Sprintf("%q is not a port (1 to 65535), the name of one, or a range of ports such as 8000-8010; a list is separated by commas", element)}
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
