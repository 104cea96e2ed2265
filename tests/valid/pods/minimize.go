package pods

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// Minimize drops fields and elements of a pod for as long as it still fails, trying at most so many pods. The result is
// small, not the smallest that there is. The pod is not changed.
func Minimize(pod map[string]any, tries int, fails func(pod map[string]any) bool) map[string]any {
	pod = runtime.DeepCopyJSON(pod)
	for changed := true; changed; {
		changed = false
		for _, steps := range inside(pod, nil) {
			if get(pod, steps) == nil {
				continue
			}
			if tries--; tries < 0 {
				return pod
			}
			smaller := runtime.DeepCopyJSON(pod)
			remove(smaller, steps)
			if fails(smaller) {
				pod, changed = smaller, true
			}
		}
	}
	return pod
}

// inside lists what is in a value: what is above comes before what is below, what is last in a list comes first.
func inside(value any, at []step) [][]step {
	var children []step
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			children = append(children, key)
		}
	case []any:
		for i := range value {
			children = append(children, len(value)-1-i)
		}
	}
	var all [][]step
	for _, child := range children {
		steps := append(slices.Clone(at), child)
		all = append(all, steps)
		switch parent := value.(type) {
		case map[string]any:
			key, _ := child.(string)
			all = append(all, inside(parent[key], steps)...)
		case []any:
			index, _ := child.(int)
			all = append(all, inside(parent[index], steps)...)
		}
	}
	return all
}
