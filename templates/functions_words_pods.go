package templates

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// findPort looks up the first port of a list, as Consul does. The error says that it is neither a name nor a number.
func findPort(spec corev1.PodSpec, value string) (int64, error) {
	value, _, _ = strings.Cut(value, ",")
	for i := range spec.Containers {
		for _, port := range spec.Containers[i].Ports {
			if port.Name == value {
				return int64(port.ContainerPort), nil
			}
		}
	}
	return strconv.ParseInt(value, 0, 32)
}

func portNumber(spec corev1.PodSpec, value string) int64 {
	number, err := findPort(spec, value)
	if err != nil {
		return 0
	}
	return number
}

func portFrom(key string, first int64, spec corev1.PodSpec, value string) (int64, error) {
	number, err := findPort(spec, value)
	if err != nil || number < first || number > 65535 {
		return 0, &InputError{key, fmt.Sprintf("%q is not a port (%d to 65535), nor the name of one in a container of the pod", value, first)}
	}
	return number, nil
}

// volumes reads a JSON list of volumes.
func volumes(key, value string, taken []any) ([]any, error) {
	var list []corev1.Volume
	return readElements(key, value, `[{"name":"data","emptyDir":{}}]`, &list, taken, func(i int) (string, string) { return list[i].Name, "name" })
}

// volumeMounts reads a JSON list of mounts.
func volumeMounts(key, value string, taken []any) ([]any, error) {
	var list []corev1.VolumeMount
	return readElements(key, value, `[{"name":"data","mountPath":"/data"}]`, &list, taken, func(i int) (string, string) { return list[i].MountPath, "mountPath" })
}

// readElements reads a JSON list into list, a pointer, and returns it as templates take it. Its elements have keys of their
// own, none of those taken; keyOf returns that of one, and the field that has it.
func readElements(key, value, example string, list any, taken []any, keyOf func(i int) (key, field string)) ([]any, error) {
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(list); err != nil || decoder.More() {
		return nil, &InputError{key, fmt.Sprintf("%q is not a JSON list such as %s", value, example)}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	var elements []any
	if err := utiljson.Unmarshal(text, &elements); err != nil {
		return nil, err
	}
	seen := make(map[any]bool, len(taken)+len(elements))
	for _, other := range taken {
		seen[other] = true
	}
	for i := range elements {
		name, field := keyOf(i)
		if name == "" || seen[name] {
			return nil, &InputError{key, fmt.Sprintf("%q is the %s of an element, want one that nothing else of the pod has", name, field)}
		}
		seen[name] = true
	}
	return elements, nil
}
