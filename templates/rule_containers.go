package templates

import (
	"fmt"
	"strings"
	"unicode"
)

// checkImage: an image has a name, with no space around it, which the API server refuses, nor any space or control
// character in it, which no kubelet can pull.
func checkImage(_ string, container map[string]any) *violation {
	image := textAt(container, "image")
	unusable := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	if image != "" && !strings.ContainsFunc(image, unusable) {
		return nil
	}
	problem := fmt.Sprintf("%q is not an image: want a name, with no space around it", image)
	if strings.TrimSpace(image) == image && image != "" {
		problem = fmt.Sprintf("%q is not an image: want a name, with no space or control character in it", image)
	}
	return &violation{container: nameOf(container), field: "image", problem: problem, causes: []cause{{field: "image"}}}
}

// sidecarFields are the fields that an init container may have only as a native sidecar.
var sidecarFields = []string{"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}

// checkInitFields: an init container that ends has no probes and no hooks, and is not resized by a restart.
func checkInitFields(list string, container map[string]any) *violation {
	if list != InitContainers || isNative(container) {
		return nil
	}
	for _, field := range sidecarFields {
		if container[field] != nil {
			return &violation{container: nameOf(container), field: field, problem: "is for native sidecars alone (restartPolicy Always), and this is an init container that ends"}
		}
	}
	for i, policy := range objectsOf(container, "resizePolicy") {
		if policy["restartPolicy"] == "RestartContainer" {
			return &violation{container: nameOf(container), field: fmt.Sprintf("resizePolicy[%d].restartPolicy", i), problem: "RestartContainer is for native sidecars alone, and this is an init container that ends; want NotRequired"}
		}
	}
	return nil
}
