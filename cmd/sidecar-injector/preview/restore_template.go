package preview

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

var (
	specType     = podtype.Pod().Field("spec")
	metadataType = podtype.Pod().Field("metadata")
)

// restoreTemplate returns the workload's own pod template with what injection changed in the pod's labels, annotations
// and spec, and nothing else. Neither argument is changed.
func restoreTemplate(template, defaulted, injected map[string]any) map[string]any {
	result := maps.Clone(template)
	spec, _ := restore(specType, template["spec"], defaulted["spec"], injected["spec"]).(map[string]any)
	result["spec"] = restoreMoved(spec, template["spec"], defaulted["spec"])
	submitted, _ := template["metadata"].(map[string]any)
	asked, _ := defaulted["metadata"].(map[string]any)
	answered, _ := injected["metadata"].(map[string]any)
	metadata := maps.Clone(submitted)
	if metadata == nil {
		metadata = map[string]any{}
	}
	for _, field := range []string{"labels", "annotations"} {
		_, written := submitted[field]
		if value := restore(metadataType.Field(field), submitted[field], asked[field], answered[field]); value != nil || written {
			metadata[field] = value
		}
	}
	if len(metadata) > 0 || submitted != nil {
		result["metadata"] = metadata
	}
	return result
}

// restoreMoved restores the containers that injection moved between containers and initContainers, as it does with a
// user's override of a native sidecar. restore does not look from one list into another.
func restoreMoved(spec map[string]any, submitted, defaulted any) map[string]any {
	before, _ := submitted.(map[string]any)
	filled, _ := defaulted.(map[string]any)
	result := maps.Clone(spec)
	for to, from := range map[string]string{"initContainers": "containers", "containers": "initContainers"} {
		arrived, _ := result[to].([]any)
		stayed, _ := filled[to].([]any)
		was, _ := before[from].([]any)
		asked, _ := filled[from].([]any)
		if len(arrived) == 0 || len(was) == 0 {
			continue
		}
		t := specType.Field(to)
		list, own := slices.Clone(arrived), listmap.Match(t, stayed, arrived)
		for i, at := range listmap.Match(t, asked, arrived) {
			if own[i] < 0 && at >= 0 && at < len(was) {
				list[i] = restore(t.Elem(), was[at], asked[at], arrived[i])
			}
		}
		result[to] = list
	}
	return result
}

// with returns a copy of a decoded object in which value stands at path, where an object stands already. Only the
// objects and lists on the way are copied.
func with(object map[string]any, path []string, value map[string]any) map[string]any {
	result, _ := replaced(object, path, value).(map[string]any)
	return result
}

func replaced(at any, path []string, value map[string]any) any {
	if len(path) == 0 {
		return value
	}
	switch at := at.(type) {
	case map[string]any:
		copied := maps.Clone(at)
		copied[path[0]] = replaced(at[path[0]], path[1:], value)
		return copied
	case []any:
		copied := append([]any{}, at...)
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(at) {
			copied[i] = replaced(at[i], path[1:], value)
		}
		return copied
	}
	return at
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// pointer joins paths into a JSON pointer.
func pointer(paths ...[]string) string {
	var b strings.Builder
	for _, path := range paths {
		for _, field := range path {
			b.WriteString("/" + escapePointer.Replace(field))
		}
	}
	return b.String()
}
