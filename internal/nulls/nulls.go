// Package nulls finds what no list of a pod can hold, and no setting: null.
package nulls

import (
	"fmt"
	"maps"
	"slices"
)

// Find returns the path of the first null that is an element of a list in a decoded JSON object, in the order of the keys,
// such as "spec.containers[0].env[2]"; "" if there is none. A null that is the value of a key is as good as absent, and is
// not meant. The object is not changed.
func Find(object map[string]any) string {
	if !holds(object) {
		return ""
	}
	return locate("", object, false)
}

// Any returns the path of the first null in a decoded JSON value, in the order of the keys, those that are values of keys
// included; "" if there is none, and for null itself. The value is not changed.
func Any(value any) string { return locate("", value, true) }

// holds says whether there is one in a list, at no cost.
func holds(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			if holds(inner) {
				return true
			}
		}
	case []any:
		for _, element := range value {
			if element == nil || holds(element) {
				return true
			}
		}
	}
	return false
}

// locate returns the path of the first one in a value that stands at path; those of keys count if keys says so.
func locate(path string, value any, keys bool) string {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner := key
			if path != "" {
				inner = path + "." + key
			}
			if keys && value[key] == nil {
				return inner
			}
			if found := locate(inner, value[key], keys); found != "" {
				return found
			}
		}
	case []any:
		for i, element := range value {
			inner := fmt.Sprintf("%s[%d]", path, i)
			if element == nil {
				return inner
			}
			if found := locate(inner, element, keys); found != "" {
				return found
			}
		}
	}
	return ""
}
