package hostile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference compares the pod made with a hostile value with the one made with a harmless value: both have the same
// objects, lists and values, but for the strings in which the harmless value stands, which may be any string, and the
// numbers that it is, which may be any number. It returns where they differ, "" if they do not.
func Difference(benign, hostile any, harmless string) string {
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
	for _, key := range slices.Sorted(maps.Keys(benign)) {
		value, there := hostile[key]
		if !there {
			return fmt.Sprintf("%s/%s is gone", path, key)
		}
		if problem := compareStructure(path+"/"+key, benign[key], value, harmless); problem != "" {
			return problem
		}
	}
	for _, key := range slices.Sorted(maps.Keys(hostile)) {
		if _, there := benign[key]; !there {
			return fmt.Sprintf("%s/%s is new", path, key)
		}
	}
	return ""
}
