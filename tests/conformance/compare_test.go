package conformance

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// istiosStatus is the annotation by which Istio knows its own work. Istio's own test ignores it.
const istiosStatus = "sidecar.istio.io/status"

// comparablePod decodes a pod and takes away what Istio's own test does not compare, and our marker.
func comparablePod(pod []byte) (*corev1.Pod, error) {
	var decoded corev1.Pod
	if err := json.Unmarshal(pod, &decoded); err != nil {
		return nil, fmt.Errorf("decode pod: %w", err)
	}
	delete(decoded.Annotations, istiosStatus)
	delete(decoded.Annotations, ourMarker)
	for _, container := range decoded.Spec.Containers {
		for _, variable := range container.Env {
			if variable.ValueFrom != nil && variable.ValueFrom.FieldRef != nil {
				variable.ValueFrom.FieldRef.APIVersion = ""
			}
			if strings.HasPrefix(variable.Name, "ISTIO_METAJSON_") {
				var object map[string]string
				if err := json.Unmarshal([]byte(variable.Value), &object); err != nil {
					return nil, fmt.Errorf("decode variable %q: %w", variable.Name, err)
				}
			}
		}
	}
	return &decoded, nil
}

// difference says how two pods differ, "" if they do not: their JSON is compared, after decoding, as Istio's own test
// compares it. -want, +got.
func difference(want, got []byte) (string, error) {
	wanted, err := comparablePod(want)
	if err != nil {
		return "", err
	}
	gotten, err := comparablePod(got)
	if err != nil {
		return "", err
	}
	a, err := tree(wanted)
	if err != nil {
		return "", err
	}
	b, err := tree(gotten)
	if err != nil {
		return "", err
	}
	return cmp.Diff(a, b), nil
}

// tree returns a pod as JSON has it.
func tree(pod any) (map[string]any, error) {
	encoded, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("encode pod: %w", err)
	}
	var object map[string]any
	err = json.Unmarshal(encoded, &object)
	return object, err
}

// changedLines are the lines of a difference that differ, at most so many.
func changedLines(difference string, most int) string {
	var lines []string
	for line := range strings.Lines(difference) {
		if line[0] == '+' || line[0] == '-' {
			lines = append(lines, "      "+strings.Join(strings.Fields(line), " "))
		}
	}
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("      … and %d lines more", more))
	}
	return strings.Join(lines, "\n")
}
