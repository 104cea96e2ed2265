package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// errMore says that something follows the end of a document, which decoding alone would drop without a word.
var errMore = errors.New("found more after its end")

// decodeYAML decodes a YAML document as Kubernetes does: a field that stands there twice is an error, keys that are no
// strings become strings, and numbers are int64 or float64. Comments alone decode to nil.
func decodeYAML(raw []byte) (any, error) {
	if err := strictyaml.CheckAliases(raw); err != nil {
		return nil, err
	}
	value, err := decodeYAMLAs(raw, true)
	if err != nil && bytes.Contains(raw, []byte("<<")) && yaml3.Unmarshal(raw, new(any)) == nil {
		// The strict parser takes a key for one that stands there twice if << brings it in as well. The later version of
		// the parser knows better, but decodes otherwise than Kubernetes does.
		return decodeYAMLAs(raw, false)
	}
	return value, err
}

func decodeYAMLAs(raw []byte, strict bool) (any, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.SetStrict(strict)
	var value any
	switch err := decoder.Decode(&value); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var more any
	switch err := decoder.Decode(&more); {
	case errors.Is(err, io.EOF):
		return asJSON(value)
	case err != nil:
		return nil, err
	}
	return nil, errMore
}

// asJSON turns what the YAML parser makes of a document into what the JSON parser would.
func asJSON(value any) (any, error) {
	switch value := value.(type) {
	case map[any]any:
		object := make(map[string]any, len(value))
		for k, v := range value {
			key, err := keyText(k)
			if err != nil {
				return nil, err
			}
			if _, twice := object[key]; twice {
				return nil, fmt.Errorf("key %q already set in map", key)
			}
			if object[key], err = asJSON(v); err != nil {
				return nil, err
			}
		}
		return object, nil
	case []any:
		for i, element := range value {
			var err error
			if value[i], err = asJSON(element); err != nil {
				return nil, err
			}
		}
		return value, nil
	case string:
		if !utf8.ValidString(value) { // It was binary.
			return strings.ToValidUTF8(value, "\uFFFD"), nil
		}
		return value, nil
	case int:
		return int64(value), nil
	case uint64:
		return float64(value), nil
	case float64:
		return asNumber(value)
	case int64, bool, nil:
		return value, nil
	}
	return nil, fmt.Errorf("found a value of type %T, which JSON has not", value)
}

// asNumber makes whole numbers whole, as they are when JSON is written and read again.
func asNumber(value float64) (any, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil, fmt.Errorf("found the number %v, which JSON has not", value)
	}
	// Beyond this, JSON is written with an exponent, and stays a float.
	if value == math.Trunc(value) && math.Abs(value) < 1<<63 {
		return int64(value), nil
	}
	return value, nil
}

// keyText returns a key as a string, as Kubernetes writes it.
func keyText(key any) (string, error) {
	switch key := key.(type) {
	case string:
		return key, nil
	case int:
		return strconv.Itoa(key), nil
	case bool:
		return strconv.FormatBool(key), nil
	case float64:
		// With the digits of a float32, as Kubernetes writes it.
		if _, err := asNumber(key); err != nil {
			return "", err
		}
		return strconv.FormatFloat(key, 'g', -1, 32), nil
	}
	return "", fmt.Errorf("found the key %v, want a string", key)
}

// oddKey returns the line of the first key in a YAML document that is no scalar, or null, counted from 1, and what it is; 0
// if there is none.
func oddKey(raw []byte) (line int, kind string) {
	var document yaml3.Node
	if yaml3.Unmarshal(raw, &document) != nil {
		return 0, ""
	}
	var find func(n *yaml3.Node) (int, string)
	find = func(n *yaml3.Node) (int, string) {
		for i, child := range n.Content {
			if n.Kind == yaml3.MappingNode && i%2 == 0 {
				switch {
				case child.Kind == yaml3.MappingNode:
					return child.Line, "an object"
				case child.Kind == yaml3.SequenceNode:
					return child.Line, "a list"
				case child.Tag == "!!null":
					return child.Line, "empty"
				}
			}
			if line, kind := find(child); line > 0 {
				return line, kind
			}
		}
		return 0, ""
	}
	return find(&document)
}
