package templates

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// The author of a pod overrides a field of an injected container by a container of the same name: what it says wins, field by
// field. It does not say
//
//	image "auto"          the injected image
//	a value that the API  that is the injected value, wherever there is one: the API server has filled in its own before
//	server fills in       it calls a webhook, which cannot tell it from one that was written down

// takeOverrides returns what the pod's author says of containers that the overlays inject, by name, and the pod with those
// containers in the lists of the injected ones, at the end if they stood in the other: who writes about the proxy need not know
// whether it is a native sidecar. Nothing is changed; the results share values with the pod.
func takeOverrides(r *rendering) (pod Pod, overrides map[string]map[string]any) {
	pod, overrides = r.pod, map[string]map[string]any{}
	stays, comes := map[string][]any{}, map[string][]any{}
	moved := false
	for _, list := range containerLists {
		for _, element := range pod.elements(list) {
			container, _ := element.(map[string]any)
			name := nameOf(container)
			target := r.lists[name]
			if target == "" || overrides[name] != nil { // of two of one name, which the API server refuses, the first
				target = list
			} else {
				overrides[name] = said(container, r.overlays)
			}
			if target == list {
				stays[list] = append(stays[list], element)
			} else {
				comes[target] = append(comes[target], element)
				moved = true
			}
		}
	}
	if !moved {
		return pod, overrides
	}
	for _, list := range containerLists {
		stays[list] = append(stays[list], comes[list]...)
	}
	return pod.withContainers(stays), overrides
}

// applyOverrides returns the pod with each override merged over the container into which an overlay has been merged: where a
// list has an order it has the one that these two merges give. Nothing is changed.
func applyOverrides(pod Pod, overrides map[string]map[string]any) (Pod, error) {
	if len(overrides) == 0 {
		return pod, nil
	}
	var first firstError
	pod = pod.mapContainers(func(_ string, container map[string]any) map[string]any {
		name := nameOf(container)
		override := overrides[name]
		if override == nil {
			return container
		}
		merged, err := mergeContainer(container, override)
		first.note(name, err)
		return merged
	})
	if first.err != nil {
		return nil, fmt.Errorf("merge the pod's own container over the injected one: %w", first.err)
	}
	return pod, nil
}

// said returns what a container of the pod says that overlays inject too: see above. The container is not changed.
func said(container map[string]any, overlays []*overlay) map[string]any {
	to := draft{object: container}
	auto := container["image"] == "auto"
	if auto {
		to.delete("image")
	}
	for _, o := range overlays {
		injected, _ := Pod(o.pod).Find(nameOf(container))
		if injected == nil {
			continue
		}
		// The API server chooses Always for an image without a tag, which "auto" is.
		policy := injected["imagePullPolicy"]
		if auto && policy != nil && policy != container["imagePullPolicy"] && container["imagePullPolicy"] == string(corev1.PullAlways) {
			to.delete("imagePullPolicy")
		}
		if left, changed := saidOf(containerType, to.object, injected); changed {
			to.object, to.own = left, true
		}
	}
	return to.object
}

// saidOf returns an object of type t without the values that the API server fills in where the injected object has others.
// changed is false if that is the object itself.
func saidOf(t *podtype.Type, object, injected map[string]any) (left map[string]any, changed bool) {
	to := draft{object: object}
	for key, value := range object {
		own, of := injected[key], t.Field(key)
		switch value := value.(type) {
		case map[string]any:
			own, _ := own.(map[string]any)
			inner, changed := saidOf(of, value, own)
			switch {
			case changed && len(inner) == 0:
				to.delete(key)
			case changed:
				to.set(key, inner)
			}
		case []any:
			own, _ := own.([]any)
			if list, changed := saidOfList(of, value, own); changed {
				to.set(key, list)
			}
		default:
			filledIn, ok := of.FilledIn()
			if ok && own != nil && listmap.Equal(of, filledIn, value) && !listmap.Equal(of, filledIn, own) {
				to.delete(key)
			}
		}
	}
	return to.object, to.own
}

// saidOfList is saidOf for a list that is merged by keys.
func saidOfList(t *podtype.Type, list, injected []any) (left []any, changed bool) {
	if len(injected) == 0 || t.MergeKey() == "" {
		return list, false
	}
	byKey := make(map[string]map[string]any, len(injected))
	for _, element := range injected {
		if key, ok := listmap.Key(t, element); ok {
			byKey[key] = element.(map[string]any)
		}
	}
	for i, element := range list {
		key, _ := listmap.Key(t, element)
		if byKey[key] == nil {
			continue
		}
		inner, differs := saidOf(t.Elem(), element.(map[string]any), byKey[key])
		if !differs {
			continue
		}
		if !changed {
			list, changed = slices.Clone(list), true
		}
		list[i] = inner
	}
	return list, changed
}

// keepSources returns the pod, into which overlays have been merged, with the sources that its author chose for volumes, and
// for claims of resources: they can have one alone, and an overlay that names another without removing the author's gives way.
// Neither pod is changed.
func keepSources(pod, author Pod) Pod {
	for _, list := range []string{"volumes", "resourceClaims"} {
		t := podtype.Pod().Field("spec").Field(list)
		chosen := make(map[string]map[string]any)
		for _, element := range author.In(list) {
			chosen[nameOf(element)] = element
		}
		if len(chosen) == 0 {
			continue
		}
		var changed []any
		for i, element := range pod.elements(list) {
			object, _ := element.(map[string]any)
			left, differs := withoutOthers(t.Elem(), object, chosen[nameOf(object)])
			if differs && changed == nil {
				changed = slices.Clone(pod.elements(list))
			}
			if differs {
				changed[i] = left
			}
		}
		if changed != nil {
			pod = pod.with(list, changed)
		}
	}
	return pod
}

// withoutOthers returns an object without the fields of a union of which the author has chosen another that it still has.
func withoutOthers(t *podtype.Type, object, author map[string]any) (left map[string]any, changed bool) {
	to := draft{object: object}
	for field, value := range author {
		if value == nil || object[field] == nil {
			continue
		}
		for _, other := range t.OneOf(field) {
			if author[other] == nil {
				to.delete(other)
			}
		}
	}
	return to.object, to.own
}
