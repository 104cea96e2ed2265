package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// leaveToPod returns the pod without those requests and limits of the injected containers whose resource spec.resources
// sets: what the author gives to the pod as a whole, its sidecar shares, and the pod stays valid. What the author asked of
// the sidecar itself stays, by an annotation or by an override, and with a limit the request, since the API server would make
// it as high as the limit otherwise. The pod is not changed.
//
// An API server before 1.37 fills in spec.resources before it calls the webhook. What an earlier injection put there is
// therefore kept if the pod allows it, so that injecting again changes nothing.
func (s *subject) leaveToPod(pod, author Pod) Pod {
	shared := podResources(pod)
	if len(shared) == 0 {
		return pod
	}
	kept := s.withoutShared(pod, author, shared, true)
	if s.injectedBefore() && checkPodResources(s, kept) != nil {
		return s.withoutShared(pod, author, shared, false)
	}
	return kept
}

// withoutShared is leaveToPod for resources of these names; what an earlier injection set stays if keep is true.
func (s *subject) withoutShared(pod, author Pod, names []string, keep bool) Pod {
	spec := maps.Clone(asObject(pod["spec"]))
	for _, list := range containerLists {
		all, _ := spec[list].([]any)
		all = slices.Clone(all)
		for i, element := range all {
			container := asObject(element)
			if !s.injects(list, nameOf(container)) {
				continue
			}
			authors, _ := author.Find(nameOf(container))
			var earlier map[string]any
			if _, ok := s.earlier.of(list, nameOf(container)); ok && keep {
				earlier, _ = s.stored.Find(nameOf(container))
			}
			for _, name := range names {
				limited := s.asked(container, "limits", name)
				for kind, asked := range map[string]bool{"limits": limited, "requests": limited || s.asked(container, "requests", name)} {
					value := valueIn(container, kind, name)
					if value != nil && !asked && (earlier == nil || fmt.Sprint(valueIn(earlier, kind, name)) != fmt.Sprint(value)) {
						container = withoutResource(container, kind, name, authors["resources"] != nil)
					}
				}
			}
			all[i] = container
		}
		if len(all) > 0 {
			spec[list] = all
		}
	}
	changed := maps.Clone(pod)
	changed["spec"] = spec
	return changed
}

// podResources returns the names of the resources that spec.resources sets.
func podResources(pod Pod) []string {
	resources := asObject(valueAt(pod, "spec.resources"))
	if resources == nil {
		return nil
	}
	names := map[string]bool{}
	for _, kind := range resourceKinds {
		for name, amount := range asObject(resources[kind]) {
			if amount != nil {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// asked says that the pod's author asked for an amount of a resource for a container.
func (s *subject) asked(container map[string]any, kind, name string) bool {
	field := "resources." + kind + "." + name
	override := s.overrides[nameOf(container)]
	return override != nil && valueAt(override, field) != nil || s.annotationOf(container, field) != ""
}

// withoutResource returns a container without a resource, and without the maps that become empty by that; but for resources
// itself where its author has that.
func withoutResource(container map[string]any, kind, name string, authors bool) map[string]any {
	container = maps.Clone(container)
	resources := maps.Clone(asObject(container["resources"]))
	amounts := maps.Clone(asObject(resources[kind]))
	container["resources"], resources[kind] = resources, amounts
	if delete(amounts, name); len(amounts) == 0 {
		delete(resources, kind)
	}
	if len(resources) == 0 && !authors {
		delete(container, "resources")
	}
	return container
}

// checkPodResources: the containers together request no more than spec.resources does, and no container is limited to more
// than the pod is. An init container that ends counts only as far as it is more than what runs after it; a native sidecar
// counts like a container, but for its limits of cpu and memory.
func checkPodResources(s *subject, pod Pod) *violation {
	for _, name := range podResources(pod) {
		bound := "spec.resources.requests." + name
		if valueAt(pod, bound) == nil { // the API server makes it what the containers request together, and that may be too much
			bound = "spec.resources.limits." + name
		}
		if amount, ok := amountOf(valueAt(pod, bound)); ok {
			if sum := together(pod, name, requestOf); sum.Cmp(amount) > 0 {
				return s.exceeds(pod, "requests", name, fmt.Sprintf("%s is %q, and the containers request %q together", bound, amount.String(), sum.String()))
			}
		}
		amount, ok := amountOf(valueAt(pod, "spec.resources.limits."+name))
		if !ok && strings.HasPrefix(name, corev1.ResourceHugePagesPrefix) && !allLimited(pod, name) {
			return &violation{field: "spec.resources.limits." + name, problem: "it has to be set, since not every container has a limit of it"}
		}
		if !ok {
			continue
		}
		if strings.HasPrefix(name, corev1.ResourceHugePagesPrefix) {
			if sum := together(pod, name, limitOf); sum.Cmp(amount) > 0 {
				return s.exceeds(pod, "limits", name, fmt.Sprintf("spec.resources.limits.%s is %q, and the containers' limits are %q together", name, amount.String(), sum.String()))
			}
		}
		for _, container := range pod.In(Containers) {
			if limit := limitOf(container, name); limit.Cmp(amount) > 0 {
				return s.exceeds(pod, "limits", name, fmt.Sprintf("spec.resources.limits.%s is %q, and the limit of the container %q is %q", name, amount.String(), nameOf(container), limit.String()))
			}
		}
	}
	return nil
}

// allLimited says that every container has a limit of a resource: the API server gives the pod their sum then.
func allLimited(pod Pod, name string) bool {
	return !slices.ContainsFunc(pod.All(), func(container map[string]any) bool { return valueIn(container, "limits", name) == nil })
}

// exceeds says that injected containers have more of a resource than spec.resources leaves them, and names the annotation
// that asked for it.
func (s *subject) exceeds(pod Pod, kind, name, problem string) *violation {
	broken := &violation{field: "spec.resources", problem: problem + ": ask for less for the sidecar, or more for the pod"}
	for _, container := range pod.All() {
		for _, kind := range []string{kind, "limits"} {
			if key := s.annotationOf(container, "resources."+kind+"."+name); key != "" && broken.annotation == "" && s.lists[nameOf(container)] != "" {
				broken.annotation, broken.problem = key, fmt.Sprintf("%q is too much: %s", s.annotations[key], broken.problem)
			}
		}
	}
	return broken
}

// together returns how much of a resource all containers have together at most, at any time (KEP-753).
func together(pod Pod, name string, of func(container map[string]any, name string) resource.Quantity) resource.Quantity {
	var all, native, most resource.Quantity
	for _, container := range pod.In(InitContainers) {
		amount := of(container, name)
		if isNative(container) {
			native.Add(amount)
			amount = native.DeepCopy()
		} else {
			amount.Add(native)
		}
		if amount.Cmp(most) > 0 {
			most = amount
		}
	}
	all.Add(native)
	for _, container := range pod.In(Containers) {
		all.Add(of(container, name))
	}
	if most.Cmp(all) > 0 {
		return most
	}
	return all
}

func limitOf(container map[string]any, name string) resource.Quantity {
	amount, _ := amountOf(valueIn(container, "limits", name))
	return amount
}

// requestOf returns a container's request; with none, it is the limit, by the API server's defaults.
func requestOf(container map[string]any, name string) resource.Quantity {
	if amount, ok := amountOf(valueIn(container, "requests", name)); ok {
		return amount
	}
	return limitOf(container, name)
}

// valueIn returns an amount of a container; names of resources may have dots.
func valueIn(container map[string]any, kind, name string) any {
	return asObject(valueAt(container, "resources."+kind))[name]
}
