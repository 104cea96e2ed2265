package istio

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"

	"google.golang.org/protobuf/types/known/durationpb"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// functions returns what Istio's templates call besides the engine's own functions (annotation and isset among them, and
// sprig's), and where the two differ in the meaning of a name, Istio's. The one that differs from Istio's own is env,
// which knows no environment and gives its default: what a template renders depends on the configuration and the pod
// alone.
func functions(proxies *proxyConfigs) template.FuncMap {
	same := func(s string) string { return s }
	return template.FuncMap{
		"appendMultusNetwork":    appendMultusNetwork,
		"applicationPorts":       applicationPorts,
		"contains":               func(part, whole string) bool { return strings.Contains(whole, part) },
		"directory":              func(file string) string { dir, _ := path.Split(file); return dir },
		"env":                    func(_, fallback string) string { return fallback },
		"excludeInboundPort":     excludeInboundPort,
		"excludeInterfaces":      same,
		"formatDuration":         func(d *durationpb.Duration) string { return d.AsDuration().String() },
		"fromJSON":               fromJSON,
		"includeInboundPorts":    includeInboundPorts,
		"indent":                 indent,
		"kubevirtInterfaces":     same,
		"mergeMaps":              mergeMaps,
		"omit":                   omit,
		"omitNil":                omitNil,
		"otelResourceAttributes": otelResourceAttributes,
		"protoToJSON":            proxies.protoToJSON,
		"strdict":                strdict,
		"structToJSON":           structToJSON,
		"toJSON":                 toJSON,
		"toJsonMap":              func(all ...map[string]string) (string, error) { return structToJSON(mergeMaps(all...)) },
		"toLower":                strings.ToLower,
		"toYaml":                 func(value any) (string, error) { text, err := yaml.Marshal(value); return string(text), err },
		"valueOrDefault":         valueOrDefault,
	}
}

// functionReads declares what those read of a pod's containers that are handed them as a whole.
func functionReads() map[string]templates.FunctionReads {
	ports := templates.FunctionReads{Reads: [][]string{{"*/Name", "*/Ports"}}}
	return map[string]templates.FunctionReads{
		"applicationPorts":       ports,
		"includeInboundPorts":    ports,
		"otelResourceAttributes": {Reads: [][]string{{""}, {""}, {""}, {""}, {"*/Name", "*/Image"}}},
		"valueOrDefault":         {Returns: true},
	}
}

func valueOrDefault(value, fallback any) any {
	if value == nil || value == "" {
		return fallback
	}
	return value
}

// indent indents all lines but the first, which stands behind what indents it.
func indent(spaces int, text string) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", spaces))
}

func toJSON(m map[string]string) (string, error) {
	if m == nil {
		return "{}", nil
	}
	return structToJSON(m)
}

func structToJSON(value any) (string, error) {
	if value == nil {
		return "{}", nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}

func fromJSON(text string) (any, error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, &templates.InputError{Problem: fmt.Sprintf("%q is not JSON: %s", text, err)}
	}
	return value, nil
}

func mergeMaps(all ...map[string]string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	merged := map[string]string{}
	for _, m := range all {
		maps.Copy(merged, m)
	}
	return merged
}

func omit(m map[string]string, keys ...string) map[string]string {
	rest := map[string]string{}
	for key, value := range m {
		if !slices.Contains(keys, key) {
			rest[key] = value
		}
	}
	return rest
}

// strdict makes a map of keys and values by turns; a last key without a value gets an empty one.
func strdict(pairs ...string) map[string]string {
	m := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		m[pair[0]] = ""
		if len(pair) == 2 {
			m[pair[0]] = pair[1]
		}
	}
	return m
}

// omitNil returns a value without the nulls in it, and without objects and lists that are empty for want of them.
func omitNil(value any) any {
	switch value := value.(type) {
	case map[string]any:
		rest := make(map[string]any, len(value))
		for key, field := range value {
			if kept := omitNil(field); kept != nil {
				rest[key] = kept
			}
		}
		if len(rest) == 0 && len(value) > 0 {
			return nil
		}
		return rest
	case []any:
		rest := make([]any, 0, len(value))
		for _, element := range value {
			if kept := omitNil(element); kept != nil {
				rest = append(rest, kept)
			}
		}
		if len(rest) == 0 && len(value) > 0 {
			return nil
		}
		return rest
	default:
		return value
	}
}
