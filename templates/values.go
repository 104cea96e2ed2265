package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// mergeValues lays overrides over the defaults as an RFC 7386 merge patch (maps merge, everything else replaces, null
// removes) and returns a new map. An override that the defaults do not have, or of another type, is an error that
// names its path, unless a path of open covers it.
func mergeValues(defaults, overrides map[string]any, open []string) (map[string]any, error) {
	if err := checkValues("", defaults, overrides, open); err != nil {
		return nil, err
	}
	if len(overrides) == 0 {
		overrides = map[string]any{}
	}
	base, err := json.Marshal(defaults)
	if err != nil {
		return nil, fmt.Errorf("encode default values: %w", err)
	}
	patch, err := json.Marshal(overrides)
	if err != nil {
		return nil, fmt.Errorf("encode values: %w", err)
	}
	merged, err := jsonpatch.MergePatch(base, patch)
	if err != nil {
		return nil, fmt.Errorf("merge values: %w", err)
	}
	return decodeObject(merged)
}

func checkValues(prefix string, defaults, overrides map[string]any, open []string) error {
	for key, value := range overrides {
		at := prefix + key
		known, ok := defaults[key]
		switch {
		case slices.Contains(open, at) || value == nil && ok:
			continue
		case !ok:
			return fmt.Errorf("value %q is not known: allowed here are %s", at, strings.Join(slices.Sorted(maps.Keys(defaults)), ", "))
		case kindOf(known) != kindOf(value):
			return fmt.Errorf("value %q is %s, want %s", at, kindOf(value), kindOf(known))
		}
		if inner, ok := value.(map[string]any); ok {
			if err := checkValues(at+".", known.(map[string]any), inner, open); err != nil {
				return err
			}
		}
	}
	return nil
}

// kindOf names a JSON value's kind in words for people.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	default:
		return "a number"
	}
}

// ParseValues reads YAML (or JSON) that must be one object; empty input is an empty object.
func ParseValues(text []byte) (map[string]any, error) {
	raw, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	if string(raw) == "null" {
		return map[string]any{}, nil
	}
	return decodeObject(raw)
}

// decodeObject decodes one JSON object with integers as int64, so that 80 stays 80, and 80.0 becomes the same port.
func decodeObject(raw []byte) (map[string]any, error) {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("is %s, want an object", kindOf(value))
	}
	return object, nil
}
