package pods

import (
	"strconv"
	"strings"
)

// step is one step into a pod: a field, a key, or an index.
type step any

// find follows a path as the API server writes it (spec.containers[0].env[1].name, spec.nodeSelector[app]) as far as it
// leads in the pod. It returns the steps, and whether they are the whole path.
func find(pod map[string]any, path string) (steps []step, whole bool) {
	var at any = pod
	for path != "" {
		if path[0] == '.' {
			path = path[1:]
			continue
		}
		key, rest, inBrackets := path, "", path[0] == '['
		if inBrackets {
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return steps, false
			}
			key, rest = path[1:end], path[end+1:]
		} else if end := strings.IndexAny(path, ".["); end >= 0 {
			key, rest = path[:end], path[end:]
		}
		switch parent := at.(type) {
		case map[string]any:
			child, there := parent[key]
			if !there { // spec.HostIPC is hostIPC
				key = strings.ToLower(key[:1]) + key[1:]
				if child, there = parent[key]; !there {
					return steps, false
				}
			}
			at, steps = child, append(steps, key)
		case []any:
			index, err := strconv.Atoi(key)
			if err != nil || index < 0 || index >= len(parent) {
				return steps, false
			}
			at, steps = parent[index], append(steps, index)
		default:
			return steps, false
		}
		path = rest
	}
	return steps, true
}

// get returns what the steps lead to.
func get(pod map[string]any, steps []step) any {
	var at any = pod
	for _, s := range steps {
		switch parent := at.(type) {
		case map[string]any:
			key, _ := s.(string)
			at = parent[key]
		case []any:
			index, ok := s.(int)
			if !ok || index >= len(parent) {
				return nil
			}
			at = parent[index]
		default:
			return nil
		}
	}
	return at
}

// remove takes what the steps lead to out of the pod, if it is there. Lists are changed in copies.
func remove(pod map[string]any, steps []step) {
	if len(steps) == 0 {
		return
	}
	above, last := steps[:len(steps)-1], steps[len(steps)-1]
	switch parent := get(pod, above).(type) {
	case map[string]any:
		key, _ := last.(string)
		delete(parent, key)
	case []any:
		index, ok := last.(int)
		if !ok || index >= len(parent) {
			return
		}
		rest := append(append([]any{}, parent[:index]...), parent[index+1:]...)
		if len(rest) == 0 {
			remove(pod, above)
			return
		}
		if object, ok := get(pod, above[:len(above)-1]).(map[string]any); ok {
			key, _ := above[len(above)-1].(string)
			object[key] = rest
		}
	}
}

// before orders paths so that removing one leaves those that follow where they are.
func before(a, b []step) int {
	for i := range min(len(a), len(b)) {
		switch x := a[i].(type) {
		case int:
			y, _ := b[i].(int)
			if x != y {
				return y - x
			}
		case string:
			y, _ := b[i].(string)
			if x != y {
				return strings.Compare(x, y)
			}
		}
	}
	return len(b) - len(a)
}
