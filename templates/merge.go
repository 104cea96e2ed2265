package templates

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// mergeInto applies a strategic merge patch to a decoded Pod and returns the result. It writes to both arguments, as
// apimachinery's map merge does: callers hand over values that they own.
func mergeInto(pod, patch map[string]any) (map[string]any, error) {
	markPorts(pod)
	markPorts(patch)
	merged, err := strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(pod, patch, podSchema)
	if err != nil {
		return nil, err
	}
	unmarkPorts(merged)
	dropEmpty(merged)
	return merged, nil
}

var podSchema = schema{mustSchema(corev1.Pod{})}

func mustSchema(of any) strategicpatch.LookupPatchMeta {
	meta, err := strategicpatch.NewPatchMetaFromStruct(of)
	if err != nil {
		panic(err) // the type is a constant
	}
	return meta
}

// schema is the Pod's merge schema with two differences: container ports are the same port when number and protocol
// are (portKey), and a field that the Pod type does not know is merged plainly (objects merge, all else is replaced)
// instead of being an error, since the API server may know more fields than this program.
type schema struct {
	known strategicpatch.LookupPatchMeta
}

// LookupPatchMetadataForStruct implements strategicpatch.LookupPatchMeta.
func (s schema) LookupPatchMetadataForStruct(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	if s.known == nil {
		return s, strategicpatch.PatchMeta{}, nil
	}
	field, meta, err := s.known.LookupPatchMetadataForStruct(key)
	if err != nil { // an unknown field: merged plainly
		return schema{}, strategicpatch.PatchMeta{}, nil //nolint:nilerr // the only error there is says that
	}
	return schema{field}, meta, nil
}

// LookupPatchMetadataForSlice implements strategicpatch.LookupPatchMeta.
func (s schema) LookupPatchMetadataForSlice(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	if s.known == nil {
		return s, strategicpatch.PatchMeta{}, nil
	}
	element, meta, err := s.known.LookupPatchMetadataForSlice(key)
	if err != nil {
		return schema{}, strategicpatch.PatchMeta{}, nil //nolint:nilerr // as above
	}
	if meta.GetPatchMergeKey() == "containerPort" {
		meta.SetPatchMergeKey(portKey)
	}
	return schema{element}, meta, nil
}

// Name implements strategicpatch.LookupPatchMeta; it stands in error messages.
func (s schema) Name() string {
	if s.known == nil {
		return "unknown"
	}
	return s.known.Name()
}

// portKey is a field that container ports carry while they are merged: the schema knows merge keys of one field only,
// and a port is its number and its protocol.
const portKey = "containerPort/protocol"

func markPorts(pod map[string]any) {
	for _, port := range containerPorts(pod) {
		if key, ok := elementKey(port); ok && strings.HasPrefix(key, "containerPort=") {
			port[portKey] = key
		}
	}
}

func unmarkPorts(pod map[string]any) {
	for _, port := range containerPorts(pod) {
		delete(port, portKey)
	}
}

func containerPorts(pod map[string]any) []map[string]any {
	var ports []map[string]any
	for _, list := range containerLists {
		for _, container := range objectsIn(pod, "spec", list) {
			ports = append(ports, objectsIn(container, "ports")...)
		}
	}
	return ports
}

// dropEmpty removes nulls: in a merge they delete, and what they did not find to delete must not be left behind as a
// field set to null (emptyDir: null is no emptyDir).
func dropEmpty(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			if field == nil {
				delete(value, key)
			} else {
				dropEmpty(field)
			}
		}
	case []any:
		for _, element := range value {
			dropEmpty(element)
		}
	}
}

// refuseDirectives returns an *InputError naming the first field of a pod that looks like a merge directive. Merging a
// user's container, such a field could delete what a template or another user of the pod put there.
func refuseDirectives(path fieldPath, value any) error {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			if isDirective(key) {
				return &InputError{Problem: fmt.Sprintf("pod field %q: fields that start with $ steer a merge and are allowed in templates only", path.with(key))}
			}
			if err := refuseDirectives(path.with(key), field); err != nil {
				return err
			}
		}
	case []any:
		for i, element := range value {
			if err := refuseDirectives(path.with(i), element); err != nil {
				return err
			}
		}
	}
	return nil
}
