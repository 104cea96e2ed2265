package templates

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Input is one pod to inject.
type Input struct {
	// Pod is the pod as it came, decoded by apimachinery's util/json (integers are int64). It is not changed.
	Pod map[string]any
	// Namespace is what is known of the pod's namespace, its name at least.
	Namespace metav1.ObjectMeta
}

// Result is an injected pod.
type Result struct {
	// Pod is the injected pod. It shares nothing with the input.
	Pod map[string]any
	// Patch leads from the input's pod to Pod; nil if nothing changes. Its values are shared with Pod.
	Patch Patch
	// Templates are the names of the templates applied, in order.
	Templates []string
	// Containers are the names of the containers that the templates inject.
	Containers []string
}

// Inject applies the templates that the pod names, or the default ones, to the pod. Injecting the result again
// changes nothing.
//
// A container of the pod that has the name of an injected one is its user's override: it wins field by field, but
// for the image "auto", which stands for the injected image.
//
// Errors: *InputError if the pod asks for what cannot be given, *Error if a template fails (an *InputError in it says
// that the pod's author has to act), others if the pod is of a shape that cannot be merged.
func (e *Engine) Inject(input Input) (*Result, error) {
	if err := refuseDirectives(nil, input.Pod); err != nil {
		return nil, err
	}
	claims := readStatus(annotationsOf(input.Pod)[e.profile.Keys.Status]).Containers
	result, overlays, err := e.render(input, claims)
	if err != nil {
		return nil, err
	}
	claimed := len(claims)
	maps.DeleteFunc(claims, func(name string, _ marks) bool { return !slices.Contains(result.Containers, name) })
	if len(claims) < claimed { // the status listed what no template injects: that is the pod's own, and templates see it
		if result, overlays, err = e.render(input, claims); err != nil {
			return nil, err
		}
	}
	isInjected := func(name string) bool { return slices.Contains(result.Containers, name) }
	pod := withoutInjected(input.Pod, claims)
	overrides := takeContainers(pod, isInjected)
	if result.Pod, err = mergeOverlays(pod, result.Templates, overlays); err != nil {
		return nil, err
	}
	owned, err := applyOverrides(result.Pod, result.Containers, overrides)
	if err != nil {
		return nil, err
	}
	orderContainers(result.Pod, result.Containers)
	setAnnotation(result.Pod, e.profile.Keys.Status, status{Revision: e.revision, Templates: result.Templates, Containers: owned}.String())
	result.Patch = Diff(input.Pod, result.Pod)
	return result, nil
}

// render renders the templates that the pod names, or the default ones, and notes their names and those of the
// containers that they inject.
func (e *Engine) render(input Input, claims map[string]marks) (*Result, []*overlay, error) {
	data, err := e.newData(withoutInjected(input.Pod, claims), input.Namespace)
	if err != nil {
		return nil, nil, err
	}
	chosen, err := e.choose(data.ObjectMeta.Annotations)
	if err != nil {
		return nil, nil, err
	}
	result := &Result{}
	overlays := make([]*overlay, 0, len(chosen))
	for _, template := range chosen {
		rendered, err := template.render(data)
		if err != nil {
			return nil, nil, err
		}
		overlays = append(overlays, rendered)
		result.Templates = append(result.Templates, template.name)
		for _, name := range rendered.names {
			if !slices.Contains(result.Containers, name) {
				result.Containers = append(result.Containers, name)
			}
		}
	}
	return result, overlays, nil
}

// withoutInjected returns a copy of the pod in which the fields are gone that claims say an earlier injection set and
// that are as it set them; a container with nothing else goes as a whole.
func withoutInjected(pod map[string]any, claims map[string]marks) map[string]any {
	bare := runtime.DeepCopyJSON(pod)
	mapContainers(bare, func(container map[string]any) map[string]any {
		if claimed, ok := claims[nameOf(container)]; ok {
			return withoutOwned(container, claimed)
		}
		return container
	})
	return bare
}

// takeContainers takes the containers that match out of the pod and returns them by name. It changes the pod.
func takeContainers(pod map[string]any, match func(name string) bool) map[string]map[string]any {
	taken := map[string]map[string]any{}
	mapContainers(pod, func(container map[string]any) map[string]any {
		if name := nameOf(container); match(name) {
			taken[name] = container
			return nil
		}
		return container
	})
	return taken
}

// mergeOverlays merges the overlays onto the pod in order. It changes the pod, and never an overlay.
func mergeOverlays(pod map[string]any, names []string, overlays []*overlay) (map[string]any, error) {
	for i, o := range overlays {
		if len(o.pod) == 0 {
			continue
		}
		merged, err := mergeInto(pod, runtime.DeepCopyJSON(o.pod))
		if err != nil {
			return nil, fmt.Errorf("merge template %q: %w", names[i], err)
		}
		pod = merged
	}
	return pod, nil
}

// applyOverrides merges each user's container over the injected one of its name and returns the marks of what the
// templates alone have set. It changes the pod and the overrides.
func applyOverrides(pod map[string]any, names []string, overrides map[string]map[string]any) (map[string]marks, error) {
	owned := map[string]marks{}
	var failed error
	mapContainers(pod, func(container map[string]any) map[string]any {
		name := nameOf(container)
		if failed != nil || !slices.Contains(names, name) {
			return container
		}
		override := overrides[name]
		dropUnsaid(override, container)
		final, err := mergeContainer(container, override)
		if err != nil {
			failed = fmt.Errorf("merge the pod's own container %q over the injected one: %w", name, err)
		}
		owned[name] = ownedMarks(final, override)
		return final
	})
	return owned, failed
}

// dropUnsaid takes out of a user's container what the user has not said: the image "auto", and what the API server
// filled in before the webhook was called where the injected container has a value of its own. It changes the override.
func dropUnsaid(override, injected map[string]any) {
	if override["image"] == "auto" {
		delete(override, "image")
		delete(override, "imagePullPolicy") // the server chose it for an image named auto
	}
	for field, filledIn := range map[string]any{
		"terminationMessagePath":   corev1.TerminationMessagePathDefault,
		"terminationMessagePolicy": string(corev1.TerminationMessageReadFile),
	} {
		if injected[field] != nil && override[field] == filledIn {
			delete(override, field)
		}
	}
}

// mergeContainer returns the injected container with the user's fields merged over it. It may change its first
// argument, not its second.
func mergeContainer(injected, user map[string]any) (map[string]any, error) {
	if user == nil {
		return injected, nil
	}
	inPod := func(container map[string]any) map[string]any {
		return map[string]any{"spec": map[string]any{containers: []any{container}}}
	}
	merged, err := mergeInto(inPod(injected), inPod(runtime.DeepCopyJSON(user)))
	if err != nil {
		return nil, err
	}
	return objectsIn(merged, "spec", containers)[0], nil
}

func annotationsOf(pod map[string]any) map[string]string {
	metadata, _ := pod["metadata"].(map[string]any)
	raw, _ := metadata["annotations"].(map[string]any)
	annotations := make(map[string]string, len(raw))
	for key, value := range raw {
		if text, ok := value.(string); ok {
			annotations[key] = text
		}
	}
	return annotations
}

func setAnnotation(pod map[string]any, key, value string) {
	metadata, ok := pod["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		pod["metadata"] = metadata
	}
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations[key] = value
}
