package preview

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// place is an object and where it stands: a document's own object, or an item of a List.
type place struct {
	document *Document
	// pointer leads from the document's object to this one, such as ["items", "0"].
	pointer                           []string
	object                            map[string]any
	apiVersion, kind, name, namespace string
}

// String names the object as people do: `Deployment shop/myapp`.
func (p place) String() string {
	switch {
	case p.name == "":
		return p.kind
	case p.namespace == "":
		return p.kind + " " + p.name
	}
	return p.kind + " " + p.namespace + "/" + p.name
}

// errorf makes an error that names document, object and what the format says.
func (p place) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", p.document, p, fmt.Errorf(format, args...))
}

// group is the API group of the object, "" for the core group.
func (p place) group() string {
	group, _, found := strings.Cut(p.apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

// visit calls do for a document's object, or if that is a list of whatever depth, for each of its items.
func visit(document *Document, do func(place) error) error {
	if document.Object == nil {
		return nil
	}
	return visitObject(document, nil, document.Object, "", "", do)
}

// visitObject is visit for one object. Lists of one kind (PodList) may leave apiVersion and kind out of their items, as
// the API server does: they are handed down.
func visitObject(document *Document, pointer []string, object map[string]any, apiVersion, kind string, do func(place) error) error {
	at := place{document: document, pointer: pointer, object: object, apiVersion: apiVersion, kind: kind}
	if own, ok := object["apiVersion"].(string); ok {
		at.apiVersion = own
	}
	if own, ok := object["kind"].(string); ok {
		at.kind = own
	}
	if metadata, ok := object["metadata"].(map[string]any); ok {
		at.name, _ = metadata["name"].(string)
		at.namespace, _ = metadata["namespace"].(string)
		if generate, ok := metadata["generateName"].(string); ok && at.name == "" {
			at.name = generate + generatedSuffix
		}
	}
	itemKind, isList := strings.CutSuffix(at.kind, "List")
	items, hasItems := object["items"]
	if !isList || !hasItems {
		return do(at)
	}
	list, ok := items.([]any)
	if !ok && items != nil {
		return at.errorf("items is %s, want a list", describe(items))
	}
	itemVersion := at.apiVersion
	if itemKind == "" {
		itemVersion = ""
	}
	for i, item := range list {
		itemObject, ok := item.(map[string]any)
		if !ok {
			return at.errorf("items[%d] is %s, want an object", i, describe(item))
		}
		next := append(slices.Clone(pointer), "items", strconv.Itoa(i))
		if err := visitObject(document, next, itemObject, itemVersion, itemKind, do); err != nil {
			return err
		}
	}
	return nil
}

// workload is an object that makes pods.
type workload struct {
	place
	// path leads from the object to what becomes the pod: nothing for a Pod, else ["spec", "template"] and the like.
	path []string
	// template is what stands at path. Nothing writes to it.
	template map[string]any
}

var (
	templatePath    = []string{"spec", "template"}
	jobTemplatePath = []string{"spec", "jobTemplate", "spec", "template"}
)

// knownKinds are Kubernetes' own workloads, by group and kind, and where their pod template stands. In these a template
// that is missing or of a wrong shape is an error.
var knownKinds = map[[2]string][]string{
	{"", "Pod"}:                   {},
	{"", "ReplicationController"}: templatePath,
	{"apps", "Deployment"}:        templatePath,
	{"apps", "ReplicaSet"}:        templatePath,
	{"apps", "StatefulSet"}:       templatePath,
	{"apps", "DaemonSet"}:         templatePath,
	{"extensions", "Deployment"}:  templatePath,
	{"extensions", "ReplicaSet"}:  templatePath,
	{"extensions", "DaemonSet"}:   templatePath,
	{"batch", "Job"}:              templatePath,
	{"batch", "CronJob"}:          jobTemplatePath,
}

// workloadOf returns the workload that an object is; ok is false for any other object. Of a kind that is not
// Kubernetes' own, an object is a workload if a pod's shape stands at spec.template or spec.jobTemplate.spec.template:
// an object whose spec has a list of containers.
func workloadOf(at place) (w workload, ok bool, err error) {
	path, known := knownKinds[[2]string{at.group(), at.kind}]
	if !known {
		switch {
		case hasPodShape(at.object, templatePath):
			path = templatePath
		case hasPodShape(at.object, jobTemplatePath):
			path = jobTemplatePath
		default:
			return workload{}, false, nil
		}
	}
	template := at.object
	for i, field := range path {
		next, found, err := objectField(template, field)
		if err != nil {
			return workload{}, false, at.errorf("%s", prefix(path[:i], err.Error()))
		}
		if !found {
			return workload{}, false, at.errorf("%s is missing", prefix(path[:i+1]))
		}
		template = next
	}
	if at.name == "" {
		return workload{}, false, at.errorf("metadata.name is missing")
	}
	if err := checkTemplate(template, path); err != nil {
		return workload{}, false, at.errorf("%w", err)
	}
	return workload{place: at, path: path, template: template}, true, nil
}

func hasPodShape(object map[string]any, path []string) bool {
	for _, field := range append(slices.Clone(path), "spec") {
		object, _ = object[field].(map[string]any)
	}
	containers, ok := object["containers"].([]any)
	if !ok || len(containers) == 0 {
		return false
	}
	return !slices.ContainsFunc(containers, func(c any) bool {
		_, isObject := c.(map[string]any)
		return !isObject
	})
}
