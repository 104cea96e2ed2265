package simulate

import "strings"

// Find returns the objects that stand at path in object: fields joined by dots, "*" for each element of a list. An
// empty path is the object itself. What is missing or of another type is left out.
func Find(object map[string]any, path string) []map[string]any {
	values := []any{object}
	for field := range strings.SplitSeq(path, ".") {
		if field == "" {
			continue
		}
		var next []any
		for _, value := range values {
			switch value := value.(type) {
			case map[string]any:
				next = append(next, value[field])
			case []any:
				if field == "*" {
					next = append(next, value...)
				}
			}
		}
		values = next
	}
	var objects []map[string]any
	for _, value := range values {
		if found, ok := value.(map[string]any); ok {
			objects = append(objects, found)
		}
	}
	return objects
}

// Text returns a field that is a string, "" if it is none.
func Text(object map[string]any, field string) string {
	value, _ := object[field].(string)
	return value
}
