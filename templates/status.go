package templates

import (
	"encoding/json"
	"slices"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// status is what the engine writes into the pod's status annotation, so that the pod can be injected again: for each
// injected container the fields that templates alone have set.
//
// Anybody who creates a pod can write it, so it proves nothing by itself: a field is taken away only where its value is
// still the one that was set. Whoever forges it has their own field computed anew, and gains nothing.
type status struct {
	// Revision and Templates say what injected the pod. They are for people and for audits.
	Revision  string   `json:"revision,omitempty"`
	Templates []string `json:"templates"`
	// Hash is that of what the templates rendered.
	Hash string `json:"hash,omitempty"`
	// Containers maps an injected container to its fields that are the templates' own.
	Containers map[string]ownedFields `json:"containers"`
	// Positions says where the author's part of an injected container stood, where that cannot be seen any more.
	Positions positions `json:"places,omitempty"`
	// Overrides are the injected containers of which the author wrote a part, with what of it is not to be seen any more.
	Overrides map[string]object `json:"overrides,omitempty"`

	// What follows is for Remove alone.

	// Pod are the fields that injection set outside the injected containers, and Was what the author had there.
	Pod ownedFields `json:"pod,omitempty"`
	Was object      `json:"was,omitempty"`
}

// object is a part of a pod, with integers as int64.
type object map[string]any

// UnmarshalJSON decodes an object as apimachinery does.
func (o *object) UnmarshalJSON(raw []byte) error {
	return utiljson.Unmarshal(raw, (*map[string]any)(o))
}

// ownContainers notes the owned fields of the containers that lists names; overrides are what the author wrote of them. One
// whose name stands in both lists is noted for each list, as list/name: templates that are at odds make that, and the API
// server refuses it.
func (s status) ownContainers(pod Pod, lists map[string]string, overrides map[string]map[string]any) {
	initContainers := map[string]bool{}
	for _, container := range pod.In(InitContainers) {
		initContainers[nameOf(container)] = true
	}
	twice := map[string]bool{}
	for _, container := range pod.In(Containers) {
		twice[nameOf(container)] = initContainers[nameOf(container)]
	}
	for _, list := range containerLists {
		for _, container := range pod.In(list) {
			name := nameOf(container)
			if lists[name] == "" {
				continue
			}
			key := name
			if twice[name] {
				key = list + "/" + name
			}
			s.Containers[key] = ownedInContainer(container, overrides[name])
		}
	}
}

// of returns the owned fields of a container.
func (s status) of(list, name string) (owned ownedFields, injected bool) {
	if found, ok := s.Containers[list+"/"+name]; ok {
		return found, true
	}
	found, ok := s.Containers[name]
	return found, ok
}

// names returns the names of the injected containers, sorted.
func (s status) names() []string {
	var names []string
	for key := range s.Containers {
		names = append(names, key[strings.LastIndex(key, "/")+1:])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// keep drops the containers that are not in lists, and says whether there were such.
func (s status) keep(lists map[string]string) (dropped bool) {
	for key := range s.Containers {
		if lists[key[strings.LastIndex(key, "/")+1:]] == "" {
			delete(s.Containers, key)
			delete(s.Overrides, key[strings.LastIndex(key, "/")+1:])
			dropped = true
		}
	}
	return dropped
}

// readStatus reads the annotation. One that is not of its form says nothing.
func readStatus(annotation string) status {
	var s status
	if annotation == "" || json.Unmarshal([]byte(annotation), &s) != nil {
		return status{}
	}
	return s
}

func (s status) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return "" // strings and bytes always encode
	}
	return string(text)
}
