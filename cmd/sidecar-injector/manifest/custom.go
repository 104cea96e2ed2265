package manifest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes/scheme"
)

// What makes pods of kinds that are not Kubernetes' own (a Rollout, a ScaledJob, a JobSet) is found by its shape:
//
//	a pod template   an object under a field that is named template, or ends in Template, with a spec whose containers
//	                 are a list of objects that have a name and an image; at spec.template, spec.jobTemplate.spec.template and
//	                 where the kind is known to have it (paths.go) a list of objects is enough, and what else is wrong with
//	                 it is an error
//	wherever         below the object's own fields, in lists too, but for metadata and status
//	not below        an object that is embedded (it has apiVersion and kind): what becomes of it is for its kind to say; and a
//	                 field in which something else stands than the object's own pods, see isForeign
//
// What has no such template but mentions containers, or the template of another object, or is known to make pods, makes
// pods of which nothing is known.

// isKubernetes says whether a kind is Kubernetes' own: what of these makes pods is listed in knownKinds.
func isKubernetes(at Place) bool {
	group := at.Group()
	return group == "apiextensions.k8s.io" || group == "apiregistration.k8s.io" ||
		scheme.Scheme.Recognizes(schema.FromAPIVersionAndKind(at.APIVersion, at.Kind))
}

// templatesIn returns a workload for each pod template in an object, in the order of its fields' names.
func templatesIn(at Place) (found []Workload) {
	var walk func(path []string, value any)
	walk = func(path []string, value any) {
		switch value := value.(type) {
		case map[string]any:
			if isEmbedded(path, value) {
				return
			}
			if isTemplate(at, path, value) {
				found = append(found, Workload{Place: at, Path: slices.Clone(path), Template: value})
				return
			}
			for _, field := range sorted(value) {
				if !isForeign(path, field) {
					walk(append(path, field), value[field])
				}
			}
		case []any:
			for i, element := range value {
				walk(append(path, strconv.Itoa(i)), element)
			}
		}
	}
	walk(nil, at.Object)
	return found
}

// sorted returns the names of an object's fields in their order.
func sorted(object map[string]any) []string { return slices.Sorted(maps.Keys(object)) }

// isTemplate says whether what stands at a path is a pod template.
func isTemplate(at Place, path []string, object map[string]any) bool {
	usual := isKnownPath(at, path)
	if len(path) == 0 || !usual && !strings.HasSuffix(strings.ToLower(path[len(path)-1]), "template") {
		return false
	}
	spec, _ := object["spec"].(map[string]any)
	containers, _ := spec["containers"].([]any)
	for _, element := range containers {
		container, ok := element.(map[string]any)
		name, _ := container["name"].(string)
		image, _ := container["image"].(string)
		if !ok || !usual && (image == "" || len(validation.IsDNS1123Label(name)) > 0) {
			return false
		}
	}
	return len(containers) > 0 && (usual || checkTemplate(object, path) == nil)
}

// isEmbedded says whether an object is one of its own inside of another.
func isEmbedded(path []string, object map[string]any) bool {
	_, version := object["apiVersion"].(string)
	_, kind := object["kind"].(string)
	return len(path) > 0 && version && kind
}

// isForeign says whether something else stands in a field than the object's own pods: a schema, a pattern that other
// objects are held against, a change of them, or the values of another program.
func isForeign(path []string, field string) bool {
	if len(path) == 0 {
		return slices.Contains([]string{"metadata", "status", "data", "stringData"}, field)
	}
	lower := strings.ToLower(field)
	return slices.ContainsFunc([]string{"patch", "overlay", "pattern", "anypattern", "schema", "openapi", "values", "default", "example"},
		func(word string) bool { return strings.HasPrefix(lower, word) })
}

// mentionsPods says whether an object without a pod template makes pods all the same.
func mentionsPods(object map[string]any) bool {
	var mentions func(path []string, value any) bool
	mentions = func(path []string, value any) bool {
		switch value := value.(type) {
		case map[string]any:
			for field, inner := range value {
				if !isForeign(path, field) && (isContainers(field, inner) || mentions(append(path, field), inner)) {
					return true
				}
			}
		case []any:
			return slices.ContainsFunc(value, func(element any) bool { return mentions(append(path, "0"), element) })
		}
		return false
	}
	return mentions(nil, object)
}

// isContainers says whether a field holds containers, or names another object's pod template.
func isContainers(field string, value any) bool {
	switch field {
	case "containers", "initContainers":
		list, _ := value.([]any)
		return len(list) > 0
	case "container", "script":
		container, _ := value.(map[string]any)
		_, ok := container["image"].(string)
		return ok
	case "workloadRef", "workflowTemplateRef", "jobTemplateRef", "podTemplateRef":
		_, ok := value.(map[string]any)
		return ok
	}
	return false
}
