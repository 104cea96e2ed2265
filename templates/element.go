package templates

import "fmt"

// elementKey is what makes an element of a Kubernetes list the same element after a change: a container, volume or
// environment variable is its name, a container port its number and protocol, a mount its path. Any other object, and
// any scalar, is its own value: ok is false and callers compare by equality.
//
// A container port's protocol counts because a pod may expose TCP and UDP 53, though the merge key of the Kubernetes
// schema is containerPort alone (kubernetes/kubernetes issue 39188).
func elementKey(element any) (key string, ok bool) {
	object, isObject := element.(map[string]any)
	if !isObject {
		return "", false
	}
	switch fields := keyFields(object); len(fields) {
	case 0:
		return "", false
	case 1:
		return fmt.Sprintf("%s=%v", fields[0], object[fields[0]]), true
	default:
		protocol, _ := object["protocol"].(string)
		if protocol == "" {
			protocol = "TCP"
		}
		return fmt.Sprintf("containerPort=%v/%s", object["containerPort"], protocol), true
	}
}

// keyFields returns the fields of a list element that make its key; none if it has no key.
func keyFields(element map[string]any) []string {
	if _, ok := element["containerPort"]; ok {
		return []string{"containerPort", "protocol"}
	}
	// A mount has the name of its volume too, which other mounts may have.
	for _, field := range []string{"mountPath", "devicePath", "name"} {
		if _, ok := element[field].(string); ok {
			return []string{field}
		}
	}
	return nil
}

// sameElement says whether two list elements are the same element, changed or not.
func sameElement(a, b any) bool {
	keyA, okA := elementKey(a)
	keyB, okB := elementKey(b)
	if okA && okB {
		return keyA == keyB
	}
	return okA == okB && equal(a, b)
}

// equal compares two JSON values; numbers are equal by value (80 and 80.0), and a null field is an absent one.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && equalObjects(a, b)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case int64:
		f, isFloat := b.(float64)
		return a == b || isFloat && float64(a) == f
	case float64:
		i, isInt := b.(int64)
		return a == b || isInt && a == float64(i)
	default:
		return a == b
	}
}

func equalObjects(a, b map[string]any) bool {
	for key, value := range a {
		if !equal(value, b[key]) {
			return false
		}
	}
	for key, value := range b {
		if value != nil && a[key] == nil {
			return false
		}
	}
	return true
}
