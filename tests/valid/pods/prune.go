package pods

import "slices"

// Judge says which fields of a pod are not valid, by their paths; none for a valid pod. An error says that the pod cannot
// be judged, for instance because it cannot be decoded.
type Judge func(pod map[string]any) (fields []string, err error)

// rounds is how often a pod is judged until it is given up.
const rounds = 20

// Prune takes the fields that the judge names out of the pod until it is valid, and says whether it is. It changes the
// pod.
func Prune(pod map[string]any, judge Judge) (valid bool, err error) {
	named := map[string]int{}
	for range rounds {
		fields, err := judge(pod)
		if err != nil || len(fields) == 0 {
			return err == nil, err
		}
		var all [][]step
		for _, field := range slices.Compact(slices.Sorted(slices.Values(fields))) {
			named[field]++
			all = append(all, culprit(pod, field, named[field]))
		}
		slices.SortFunc(all, before)
		for _, steps := range all {
			remove(pod, steps)
		}
		if spec, ok := pod["spec"].(map[string]any); ok && spec["containers"] == nil {
			spec["containers"] = []any{map[string]any{"name": "app", "image": "nginx"}}
		}
	}
	return false, nil
}

// culprit returns what to take out for a field that is named for the nth time: the field itself, an element for its name,
// what is above a field that is missing, and one level more each time it is named again.
func culprit(pod map[string]any, field string, nth int) []step {
	steps, whole := find(pod, field)
	up := nth - 1
	if !whole && up > 0 {
		up--
	}
	steps = steps[:max(0, len(steps)-up)]
	if n := len(steps); n > 1 && steps[n-1] == "name" {
		if _, element := steps[n-2].(int); element {
			steps = steps[:n-1]
		}
	}
	if len(steps) < 2 || len(steps) == 2 && steps[1] == "containers" {
		return suspect(pod)
	}
	return steps
}

// suspect returns a field to take out where the one that is named is not there, or is the pod as a whole.
func suspect(pod map[string]any) []step {
	for _, key := range []string{"dnsPolicy", "hostUsers", "os", "resources", "securityContext"} {
		if get(pod, []step{"spec", key}) != nil {
			return []step{"spec", key}
		}
	}
	for _, list := range []string{"containers", "initContainers"} {
		for i, container := range objects(get(pod, []step{"spec", list})) {
			for _, key := range []string{"securityContext", "resources", "volumeMounts", "lifecycle", "restartPolicyRules"} {
				if _, there := container[key]; there {
					return []step{"spec", list, i, key}
				}
			}
		}
	}
	return nil
}
