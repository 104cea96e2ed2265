package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Place is an object and where it stands: a document's own object, or an item of a List.
type Place struct {
	Document *Document
	// Pointer leads from the document's object to this one, such as ["items", "0"].
	Pointer                           []string
	Object                            map[string]any
	APIVersion, Kind, Name, Namespace string
}

// String names the object as people do: `Deployment shop/myapp`.
func (p Place) String() string {
	switch {
	case p.Name == "":
		return p.Kind
	case p.Namespace == "":
		return p.Kind + " " + p.Name
	}
	return p.Kind + " " + p.Namespace + "/" + p.Name
}

// Errorf makes an error that names document, object and what the format says.
func (p Place) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", p.Document, p, fmt.Errorf(format, args...))
}

// Group is the API group of the object, "" for the core group.
func (p Place) Group() string {
	group, _, found := strings.Cut(p.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// Visit calls do for a document's object, or if that is a list of whatever depth, for each of its items.
func Visit(document *Document, do func(Place) error) error {
	if document.Object == nil {
		return nil
	}
	return visitObject(document, nil, document.Object, "", "", do)
}

// visitObject is Visit for one object. Lists of one kind (PodList) may leave apiVersion and kind out of their items, as
// the API server does: they are handed down.
func visitObject(document *Document, pointer []string, object map[string]any, apiVersion, kind string, do func(Place) error) error {
	at := Place{Document: document, Pointer: pointer, Object: object, APIVersion: apiVersion, Kind: kind}
	if own, ok := object["apiVersion"].(string); ok {
		at.APIVersion = own
	}
	if own, ok := object["kind"].(string); ok {
		at.Kind = own
	}
	if metadata, ok := object["metadata"].(map[string]any); ok {
		at.Name, _ = metadata["name"].(string)
		at.Namespace, _ = metadata["namespace"].(string)
		if generate, ok := metadata["generateName"].(string); ok && at.Name == "" {
			at.Name = generate + GeneratedSuffix
		}
	}
	itemKind, isList := strings.CutSuffix(at.Kind, "List")
	items, hasItems := object["items"]
	if !isList || !hasItems {
		return do(at)
	}
	list, ok := items.([]any)
	if !ok && items != nil {
		return at.Errorf("items is %s, want a list", describe(items))
	}
	itemVersion := at.APIVersion
	if itemKind == "" {
		itemVersion = ""
	}
	for i, item := range list {
		itemObject, ok := item.(map[string]any)
		if !ok {
			return at.Errorf("items[%d] is %s, want an object", i, describe(item))
		}
		next := append(slices.Clone(pointer), "items", strconv.Itoa(i))
		if err := visitObject(document, next, itemObject, itemVersion, itemKind, do); err != nil {
			return err
		}
	}
	return nil
}

// GeneratedSuffix stands for the characters that the API server appends to generateName. A constant, so that what is
// made from a manifest is the same each time.
const GeneratedSuffix = "00000"

// UnknownPods is what is said of an object whose pods are not known.
const UnknownPods = "not a kind whose pods are known; its pods are decided when they are created"

// Workload is an object that makes pods.
type Workload struct {
	Place
	// Path leads from the object to what becomes the pod: nothing for a Pod, else ["spec", "template"] and the like. The
	// element of a list is its number.
	Path []string
	// Template is what stands at path. Nothing writes to it.
	Template map[string]any
}

// FieldPath is the path as people write it: spec.workers[0].template. It is empty for a Pod.
func (w *Workload) FieldPath() string { return prefix(w.Path) }

var (
	templatePath    = []string{"spec", "template"}
	jobTemplatePath = []string{"spec", "jobTemplate", "spec", "template"}
)

// knownKinds are Kubernetes' own workloads, by group and kind, and where their pod template stands. In these a template
// that is missing or of a wrong shape is an error.
var knownKinds = map[[2]string][]string{
	{"", "Pod"}:                   {},
	{"", "ReplicationController"}: templatePath,
	{"", "PodTemplate"}:           {"template"},
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

// WorkloadsOf returns the workloads that an object is: one for a kind of Kubernetes' own that makes pods, one for each pod
// template in an object of another kind (see templatesIn; or where its document's Paths say), none for any other object. unknown says of an object without
// any that it makes pods all the same, of which nothing is known before they are created.
func WorkloadsOf(at Place) (found []Workload, unknown bool, err error) {
	path, known := knownKinds[[2]string{at.Group(), at.Kind}]
	found, said, err := given(at)
	switch {
	case err != nil:
		return nil, false, err
	case said:
	case known:
		template, err := templateAt(at, path)
		if err != nil {
			return nil, false, err
		}
		found = []Workload{{Place: at, Path: path, Template: template}}
	case isKubernetes(at):
		return nil, false, nil
	default:
		found = templatesIn(at)
		unknown = len(found) == 0 && (mentionsPods(at.Object) || slices.Contains(makers[at.Group()], at.Kind))
	}
	for _, w := range found {
		if at.Name == "" {
			return nil, false, at.Errorf("metadata.name is missing")
		}
		if err := checkTemplate(w.Template, w.Path); err != nil {
			return nil, false, at.Errorf("%w", err)
		}
	}
	return found, unknown, nil
}

// templateAt returns the object that stands at a path of fields.
func templateAt(at Place, path []string) (map[string]any, error) {
	template := at.Object
	for i, field := range path {
		next, found, err := objectField(template, field)
		if err != nil {
			return nil, at.Errorf("%s", prefix(path[:i], err.Error()))
		}
		if !found {
			return nil, at.Errorf("%s is missing", prefix(path[:i+1]))
		}
		template = next
	}
	return template, nil
}
