package conformance

import (
	"fmt"
	"strings"
)

// sameStructure compares the pod made with a hostile value with the one made with a harmless value: both have the same
// objects, lists and values, but for the strings in which the harmless value stands, which may be any string, and the
// numbers that it is, which may be any number. It returns where they differ, "" if they do not.
func sameStructure(benign, hostile any, harmless string) string {
	return compareStructure("", benign, hostile, harmless)
}

func compareStructure(path string, benign, hostile any, harmless string) string {
	switch benign := benign.(type) {
	case map[string]any:
		hostile, ok := hostile.(map[string]any)
		if !ok {
			return path + " is no object any more"
		}
		return compareObjects(path, benign, hostile, harmless)
	case []any:
		hostile, ok := hostile.([]any)
		if !ok {
			return path + " is no list any more"
		}
		if len(benign) != len(hostile) {
			return fmt.Sprintf("%s has %d elements, not %d", path, len(hostile), len(benign))
		}
		for i := range benign {
			if problem := compareStructure(fmt.Sprintf("%s/%d", path, i), benign[i], hostile[i], harmless); problem != "" {
				return problem
			}
		}
		return ""
	case string:
		if text, ok := hostile.(string); ok && (text == benign || strings.Contains(benign, harmless)) {
			return ""
		}
	case float64:
		if number, ok := hostile.(float64); ok && (number == benign || fmt.Sprint(benign) == harmless) {
			return ""
		}
	default:
		if benign == hostile {
			return ""
		}
	}
	return fmt.Sprintf("%s is %.40q, was %.40q", path, fmt.Sprint(hostile), fmt.Sprint(benign))
}

func compareObjects(path string, benign, hostile map[string]any, harmless string) string {
	for _, key := range keysOf(benign) {
		value, there := hostile[key]
		if !there {
			return fmt.Sprintf("%s/%s is gone", path, key)
		}
		if problem := compareStructure(path+"/"+key, benign[key], value, harmless); problem != "" {
			return problem
		}
	}
	for _, key := range keysOf(hostile) {
		if _, there := benign[key]; !there {
			return fmt.Sprintf("%s/%s is new", path, key)
		}
	}
	return ""
}

// fate is what became of a hostile value.
type fate string

const (
	kept     fate = "kept in its place"
	denied   fate = "denied"
	brokeOut fate = "broke out"
	panicked fate = "panicked"
)

// judge says what became of a hostile value, and where it broke out: where its pod has the structure of none of those
// with harmless values.
func judge(harmless benign, o outcome) (fate, string) {
	switch {
	case o.panicked != nil:
		return panicked, fmt.Sprint(o.panicked)
	case o.denied:
		return denied, o.message
	}
	pod, err := hostileTree(o.pod)
	if err != nil {
		return brokeOut, err.Error()
	}
	problem := ""
	for _, value := range keysOf(harmless) {
		if problem = sameStructure(harmless[value], pod, value); problem == "" {
			return kept, ""
		}
	}
	return brokeOut, problem
}

// hostileTree decodes a pod for a comparison of structures. Our marker holds marks of contents, and Istio's status the
// names of containers and volumes: neither is compared.
func hostileTree(pod []byte) (map[string]any, error) {
	decoded, err := comparablePod(pod)
	if err != nil {
		return nil, err
	}
	return tree(decoded)
}
