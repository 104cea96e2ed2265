package templates

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// mergeValues lays overrides over the defaults as an RFC 7386 merge patch (maps merge, everything else replaces, null
// removes) and returns a new map. An override that the defaults do not have, or of another type, is an error that
// names its path, a *ValueError, unless a path of open covers it.
func mergeValues(defaults, overrides map[string]any, open []string) (map[string]any, error) {
	if err := checkValues("", defaults, overrides, open); err != nil {
		return nil, err
	}
	if defaults == nil {
		defaults = map[string]any{}
	}
	if overrides == nil {
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
	for _, key := range slices.Sorted(maps.Keys(overrides)) { // so that one error is always the same
		value, at := overrides[key], prefix+key
		known, ok := defaults[key]
		switch {
		case slices.Contains(open, at):
			continue
		case !ok:
			allowed := slices.Sorted(maps.Keys(defaults))
			return &ValueError{at, "is not known" + Suggestion(key, allowed) + ": allowed here are " + strings.Join(allowed, ", ")}
		case kindOf(known) != kindOf(value):
			return &ValueError{at, fmt.Sprintf("is %s, want %s", kindOf(value), kindOf(known))}
		}
		if inner, ok := value.(map[string]any); ok {
			if err := checkValues(at+".", known.(map[string]any), inner, open); err != nil {
				return err
			}
		}
	}
	return nil
}

// ValueError says that a value of the configuration cannot be used.
type ValueError struct {
	// Path leads to the value, such as proxy.image.
	Path string
	// Problem is what there is and what is allowed.
	Problem string
}

func (e *ValueError) Error() string { return fmt.Sprintf("value %q %s", e.Path, e.Problem) }

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
	case int64:
		return "an integer"
	default:
		return "a number"
	}
}

// ParseValues reads YAML (or JSON) that must be one object; empty input is an empty object.
func ParseValues(text []byte) (map[string]any, error) {
	raw, err := ReadYAML(text)
	if err != nil {
		return nil, err
	}
	if string(raw) == "null" {
		return map[string]any{}, nil
	}
	return decodeObject(raw)
}

// ReadYAML turns one YAML document (or JSON) into JSON; empty input is null. A key that stands twice and a second
// document are errors, since either would be dropped in silence.
func ReadYAML(text []byte) ([]byte, error) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	result := []byte("null")
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return result, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		if string(result) != "null" {
			return nil, errors.New("there is more than one document, want one")
		}
		if result, err = yaml.YAMLToJSONStrict(document); err != nil {
			return nil, err
		}
	}
}

// ExplainType says of a value that encoding/json cannot read into a Go type what there is and what is allowed, in the
// words of YAML's users, behind the path of the field if there is one: "global.hub: got a number, want a string".
func ExplainType(wrong *json.UnmarshalTypeError) error {
	problem := fmt.Errorf("got %s, want %s", inWords(wrong.Value), inWords(wrong.Type.Kind().String()))
	if wrong.Field == "" {
		return problem
	}
	return fmt.Errorf("%s: %w", wrong.Field, problem)
}

// inWords names a kind of JSON or of Go as YAML's users do.
func inWords(kind string) string {
	switch kind {
	case "array", "slice":
		return "a list"
	case "object", "map", "struct":
		return "an object"
	case "bool":
		return "a boolean"
	case "int32", "int64":
		return "an integer"
	default:
		return "a " + kind
	}
}

// decodeObject decodes one JSON object with integers as int64, so that 80 stays 80, and 80.0 becomes the same port.
func decodeObject(raw []byte) (map[string]any, error) {
	var value any
	if err := utiljson.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("is %s, want an object", kindOf(value))
	}
	return object, nil
}
