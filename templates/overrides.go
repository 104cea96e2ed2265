package templates

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// takeOverrides returns copies of the pod's containers that have the name of an injected one, and moves those that
// stand in another list than the injected one to the end of that list: a user who writes about the proxy need not know
// whether it is a native sidecar. It changes the pod.
func takeOverrides(pod Pod, lists map[string]string) map[string]map[string]any {
	overrides := map[string]map[string]any{}
	stays, comes := map[string][]map[string]any{}, map[string][]map[string]any{}
	for _, list := range containerLists {
		for _, container := range pod.In(list) {
			name := nameOf(container)
			target, injected := lists[name]
			if !injected || overrides[name] != nil { // of two of one name, which the API server refuses, the first
				stays[list] = append(stays[list], container)
				continue
			}
			overrides[name] = runtime.DeepCopyJSON(container)
			if target == list {
				stays[list] = append(stays[list], container)
			} else {
				comes[target] = append(comes[target], container)
			}
		}
	}
	if len(comes) > 0 {
		for _, list := range containerLists {
			pod.Replace(list, append(stays[list], comes[list]...))
		}
	}
	return overrides
}

// applyOverrides merges each user's container once more, over the injected one that has been merged over it: what it
// says wins, and where a list has an order it has the one that these two merges give. It changes the pod and the
// overrides, and never an overlay.
func applyOverrides(pod map[string]any, overrides map[string]map[string]any, overlays []*overlay) error {
	var failed error
	mapContainers(pod, func(_ string, container map[string]any) map[string]any {
		name := nameOf(container)
		override := overrides[name]
		if failed != nil || override == nil {
			return container
		}
		dropUnsaid(override, overlays)
		final, err := mergeContainer(container, override)
		if err != nil {
			failed = fmt.Errorf("merge the pod's own container %q over the injected one: %w", name, err)
		}
		return final
	})
	return failed
}

// dropUnsaid takes out of a user's container what the user has not said: the image "auto", and what the API server
// filled in before the webhook was called where a template has another value. It changes the override.
func dropUnsaid(override map[string]any, overlays []*overlay) {
	filledIn := map[string]any{
		"terminationMessagePath":   corev1.TerminationMessagePathDefault,
		"terminationMessagePolicy": string(corev1.TerminationMessageReadFile),
	}
	if override["image"] == "auto" {
		delete(override, "image")
		filledIn["imagePullPolicy"] = string(corev1.PullAlways) // chosen for an image without a tag
	}
	for _, o := range overlays {
		injected, _ := Pod(o.pod).Find(nameOf(override))
		for field, value := range filledIn {
			if own := injected[field]; own != nil && own != value && override[field] == value {
				delete(override, field)
			}
		}
	}
}

// mergeContainer returns the injected container with the user's fields merged over it. It may change its first
// argument, not its second.
func mergeContainer(injected, user map[string]any) (map[string]any, error) {
	inPod := func(container map[string]any) map[string]any {
		return map[string]any{"spec": map[string]any{Containers: []any{container}}}
	}
	merged, err := mergeInto(inPod(injected), inPod(runtime.DeepCopyJSON(user)))
	if err != nil {
		return nil, err
	}
	return objectsIn(merged, "spec", Containers)[0], nil
}
