package templates

import (
	"maps"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// What the API server fills in where a pod says nothing is a constant for most fields, which internal/podtype knows, and
// derived from other fields for these:
//
//	imagePullPolicy     from the image
//	resources.requests  from resources.limits
//	emptyDir            of a volume without a source
//
// No injection owns such a value. It goes with the injected field from which it was derived, and it stays when a stored pod
// is injected again.

var resourceType = containerType.Field("resources").Field("limits").Field("")

// dropDerived takes out of what is left of a container, once the owned fields are gone, what was derived from those. lost is
// what of the author's part is known to have been lost: that was not derived. It changes what is left, and nothing in it.
func dropDerived(rest, container, lost map[string]any) {
	image, _ := container["image"].(string)
	if rest["image"] == nil && rest["imagePullPolicy"] == podtype.PullPolicy(image) && lost["imagePullPolicy"] == nil {
		delete(rest, "imagePullPolicy")
	}
	requests := quantities(rest, "requests")
	limits, kept, authors := quantities(container, "limits"), quantities(rest, "limits"), quantities(lost, "requests")
	own := maps.Clone(requests)
	maps.DeleteFunc(own, func(resource string, request any) bool {
		limit := limits[resource]
		return limit != nil && kept[resource] == nil && authors[resource] == nil && listmap.Equal(resourceType, limit, request)
	})
	if len(own) == len(requests) {
		return
	}
	left := maps.Clone(rest["resources"].(map[string]any))
	if left["requests"] = own; len(own) == 0 {
		delete(left, "requests")
	}
	if rest["resources"] = left; len(left) == 0 {
		delete(rest, "resources")
	}
}

// quantities returns the limits or the requests of a container.
func quantities(container map[string]any, field string) map[string]any {
	resources, _ := container["resources"].(map[string]any)
	quantities, _ := resources[field].(map[string]any)
	return quantities
}

// keepDerived returns an injected pod with what the API server derived, after an injection before, in the containers that
// lists names and in volumes, where this injection says nothing. stored is the pod as it came. Neither is changed.
func keepDerived(pod, stored Pod, lists map[string]string) Pod {
	pod = pod.mapContainers(func(_ string, container map[string]any) map[string]any {
		name := nameOf(container)
		if lists[name] == "" {
			return container
		}
		was, _ := stored.Find(name)
		return containerAsStored(container, was)
	})
	volumes := map[string]map[string]any{}
	for _, volume := range stored.In("volumes") {
		volumes[nameOf(volume)] = volume
	}
	all := pod.elements("volumes")
	for i, element := range all {
		volume, _ := element.(map[string]any)
		source, ok := volumes[nameOf(volume)]["emptyDir"].(map[string]any)
		if !ok || len(source) > 0 || len(volume) != 1 {
			continue
		}
		if listmap.Same(all, pod.elements("volumes")) {
			all = slices.Clone(all)
		}
		all[i] = map[string]any{"name": volume["name"], "emptyDir": source}
	}
	if len(all) == 0 {
		return pod
	}
	return pod.with("volumes", all)
}

// containerAsStored returns a container with what is derived from it in another version of it, which is nil if there is
// none. Neither is changed.
func containerAsStored(container, stored map[string]any) map[string]any {
	to := draft{object: container}
	image, _ := container["image"].(string)
	if policy := stored["imagePullPolicy"]; container["imagePullPolicy"] == nil && policy == podtype.PullPolicy(image) {
		to.set("imagePullPolicy", policy)
	}
	limits, requests, was := quantities(container, "limits"), quantities(container, "requests"), quantities(stored, "requests")
	all := draft{object: requests}
	for resource, limit := range limits {
		if request := was[resource]; request != nil && requests[resource] == nil && listmap.Equal(resourceType, limit, request) {
			all.set(resource, request)
		}
	}
	if all.own {
		resources := maps.Clone(container["resources"].(map[string]any))
		resources["requests"] = all.object
		to.set("resources", resources)
	}
	return to.object
}
