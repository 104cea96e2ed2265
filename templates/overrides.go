package templates

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// The author of a pod overrides a field of an injected container by a container of the same name: what it says wins,
// field by field. It does not say
//
//	image "auto"           it stands for the injected image
//	the API server's       the injected value stays: before it calls a webhook, the API server has filled in its
//	defaults, zero values  defaults and dropped zero values, so that a webhook cannot tell what was written down

// takeOverrides returns what the pod's author says of containers that the overlays inject, by name, and the pod with
// those containers in the lists of the injected ones, at the end if they stood in the other: who writes about the proxy
// need not know whether it is a native sidecar. What is not said is gone from them, but for the image. Nothing is
// changed; the results share values with the pod.
func takeOverrides(r *rendering) (pod Pod, overrides map[string]map[string]any) {
	overrides = map[string]map[string]any{}
	stays, comes := map[string][]any{}, map[string][]any{}
	for _, list := range containerLists {
		for _, element := range r.pod.elements(list) {
			container, _ := element.(map[string]any)
			name := nameOf(container)
			target := r.lists[name]
			if target == "" || overrides[name] != nil { // of two of one name, which the API server refuses, the first
				stays[list] = append(stays[list], element)
				continue
			}
			injected := injectedOf(r.overlays, name)
			container = said(container, injected)
			overrides[name] = withoutAuto(container, injected)
			if target == list {
				stays[list] = append(stays[list], container)
			} else {
				comes[target] = append(comes[target], container)
			}
		}
	}
	if len(overrides) == 0 {
		return r.pod, overrides
	}
	for _, list := range containerLists {
		stays[list] = append(stays[list], comes[list]...)
	}
	return r.pod.withContainers(stays), overrides
}

// injectedOf returns what each overlay has of the container of that name.
func injectedOf(overlays []*overlay, name string) (injected []map[string]any) {
	for _, o := range overlays {
		if container, _ := Pod(o.pod).Find(name); container != nil {
			injected = append(injected, container)
		}
	}
	return injected
}

// applyOverrides returns the pod with each override merged over the container into which an overlay has been merged:
// where a list has an order it has the one that these two merges give. Nothing is changed.
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

// said returns a container of the pod with what it says alone, where overlays have the injected ones. It is not
// changed.
func said(container map[string]any, injected []map[string]any) map[string]any {
	for _, own := range injected {
		container, _ = saidOf(containerType, container, own)
	}
	return container
}

// withoutAuto returns a container without the image "auto" and the pull policy that the API server chooses for it,
// which is Always for an image without a tag, where an injected one has another. It is not changed.
func withoutAuto(container map[string]any, injected []map[string]any) map[string]any {
	if container["image"] != "auto" {
		return container
	}
	to := draft{object: container}
	to.delete("image")
	for _, own := range injected {
		policy := own["imagePullPolicy"]
		if policy != nil && policy != container["imagePullPolicy"] && container["imagePullPolicy"] == string(corev1.PullAlways) {
			to.delete("imagePullPolicy")
		}
	}
	return to.object
}

// saidOf returns an object of type t without the values that are the API server's where the injected object has others.
// changed is false if that is the object itself.
func saidOf(t *podtype.Type, object, injected map[string]any) (left map[string]any, changed bool) {
	to := draft{object: object}
	for key, value := range object {
		if isUnsaid(t, key, value, injected) {
			to.delete(key)
			continue
		}
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
		}
	}
	return to.object, to.own
}

// isUnsaid says that a field of an object of type t has a value that means the same as none, and that the injected
// object has another there, or another field of the same union.
func isUnsaid(t *podtype.Type, key string, value any, injected map[string]any) bool {
	of := t.Field(key)
	if !listmap.Absent(of, value) {
		return false
	}
	if own := injected[key]; own != nil {
		return !listmap.Absent(of, own)
	}
	return slices.ContainsFunc(t.OneOf(key), func(other string) bool { return injected[other] != nil })
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

// keepSources returns the pod, into which overlays have been merged, with the sources that its author chose for
// volumes, and for claims of resources: they can have one alone, and an overlay that names another without removing the
// author's gives way. Neither pod is changed.
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

// withoutOthers returns an object without the fields of a union of which the author has chosen another that it still
// has.
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
