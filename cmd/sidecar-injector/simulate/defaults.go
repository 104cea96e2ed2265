package simulate

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// Default is one row of the table of what the API server fills in, by defaulting and by its own admission plug-ins,
// before it calls a webhook. The table has what a template is likely to read. It knows no other object of a cluster:
// a ServiceAccount that turns its token off, a LimitRange, a PriorityClass have no part in it.
type Default struct {
	// Name says what is filled in; no two rows have the same.
	Name string
	// Paths lead to the objects in a pod that have the field; "*" stands for each element of a list.
	Paths []string
	// Field is what is filled in.
	Field string
	// fill returns the field's value, given the pod, the object that has the field, and the value there (nil if it has
	// none). A nil result leaves it as it is. It may not change what it is given.
	fill func(pod, object map[string]any, now any) any
	// example is the spec, in YAML, of a pod that lacks the field.
	example string
}

// Defaults returns the table in the order in which its rows are applied: some look at what others have filled in. The
// rows are the caller's.
func Defaults() []Default { return defaultsTable() }

// Example returns a new pod, without name and namespace, in which this row fills something in. It is there to check
// the row against a real API server: create the pod, in a dry run, and compare Values of the answer with Values of
// WithDefaults(pod).
func (d Default) Example() (map[string]any, error) {
	spec := map[string]any{}
	if err := utilyaml.Unmarshal([]byte(d.example), &spec); err != nil {
		return nil, fmt.Errorf("decode the example of %q: %w", d.Name, err)
	}
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{}, "spec": spec}, nil
}

// Values returns what the row's field holds in a pod, in every place, in the order of the pod; absent fields are left
// out. The random ends of the names of ServiceAccount token volumes are made equal. The values are copies.
func (d Default) Values(pod map[string]any) []any {
	var values []any
	for _, path := range d.Paths {
		for _, object := range Find(pod, path) {
			if value := object[d.Field]; value != nil {
				values = append(values, EqualTokenNames(runtime.DeepCopyJSONValue(value)))
			}
		}
	}
	return values
}

// WithDefaults returns a copy of a pod with everything filled in that the table has.
func WithDefaults(pod map[string]any) map[string]any {
	result := runtime.DeepCopyJSON(pod)
	for _, row := range defaultsTable() {
		for _, path := range row.Paths {
			for _, object := range Find(result, path) {
				if value := row.fill(result, object, object[row.Field]); value != nil {
					object[row.Field] = runtime.DeepCopyJSONValue(value)
				}
			}
		}
	}
	return result
}

// EqualTokenNames gives all ServiceAccount token volumes the same name, in a value that the caller owns.
func EqualTokenNames(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			value[key] = EqualTokenNames(field)
		}
	case []any:
		for i, element := range value {
			value[i] = EqualTokenNames(element)
		}
	case string:
		if strings.HasPrefix(value, tokenVolumePrefix) {
			return tokenVolumePrefix + manifest.GeneratedSuffix
		}
	}
	return value
}

// fixed fills a field that is lacking or null: one that is a pointer in the types of the Kubernetes API.
func fixed(value any) func(pod, object map[string]any, now any) any {
	return func(_, _ map[string]any, now any) any {
		if now != nil {
			return nil
		}
		return value
	}
}

// fixedUnlessSet fills a field that is lacking, null, empty or 0: one that is no pointer in those types, so that the
// API server cannot tell these apart.
func fixedUnlessSet(value any) func(pod, object map[string]any, now any) any {
	return func(_, _ map[string]any, now any) any {
		if isSet(now) {
			return nil
		}
		return value
	}
}

func isSet(value any) bool {
	return value != nil && value != "" && value != int64(0) && value != float64(0)
}
