package strictyaml

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/nulls"
)

// ToJSON turns one YAML document (or JSON) into JSON; empty input is null. A key that stands twice and a second document
// are errors. Errors are *Error.
func ToJSON(text []byte) ([]byte, error) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	result, lines := []byte("null"), 0
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return result, nil
		}
		if err != nil {
			return nil, parserError(err, nil, lines)
		}
		if len(bytes.TrimSpace(document)) > 0 {
			if string(result) != "null" {
				return nil, &Error{Problem: "there is more than one document, want one"}
			}
			if err = checkAliases(document, lines); err != nil {
				return nil, err
			}
			if result, err = yaml.YAMLToJSONStrict(document); err != nil {
				return nil, parserError(err, document, lines)
			}
		}
		lines += bytes.Count(document, []byte("\n")) + 1 // and the line that parts it from the next
	}
}

// nothing is the problem of a text that may have lost what it said: of blanks, comments or null.
const nothing = "there is nothing in it, want an object; {} means the defaults"

// given returns a text as JSON, nil for none. One that says nothing is an error.
func given(text []byte) ([]byte, error) {
	if len(text) == 0 {
		return nil, nil
	}
	raw, err := ToJSON(text)
	if err == nil && string(raw) == "null" {
		err = &Error{Problem: nothing}
	}
	return raw, err
}

// refuseNull returns an *Error about the first null in JSON: a field whose value is cut off must not become its default.
func refuseNull(raw []byte) error {
	var value any
	if err := utiljson.Unmarshal(raw, &value); err != nil {
		return &Error{Problem: err.Error()}
	}
	if path := nulls.Any(value); path != "" {
		return &Error{Path: path, Problem: path + " is null: leave it out, or give it a value"}
	}
	return nil
}

// Object reads YAML (or JSON) that must be one object; no text is an empty object, one that says nothing an error.
// Integers are int64. Errors are *Error.
func Object(text []byte) (map[string]any, error) {
	raw, err := given(text)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return map[string]any{}, nil
	}
	object, err := DecodeObject(raw)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	return object, nil
}

// DecodeObject decodes one JSON object with integers as int64, so that 80 stays 80, and 80.0 becomes the same port.
func DecodeObject(raw []byte) (map[string]any, error) {
	var value any
	if err := utiljson.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("is %s, want an object", Kind(value))
	}
	return object, nil
}

// Kind names a JSON value's kind in words for people.
func Kind(value any) string {
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
