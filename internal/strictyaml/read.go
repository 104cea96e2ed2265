package strictyaml

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/suggest"
)

// Read reads YAML (or JSON) into a struct. Names are told apart by case; a key that stands twice, a field that is not
// known, a null and a value of another type are errors, each an *Error with the field and its line, and what is allowed
// there. No text leaves the struct as it is; one that says nothing is an error.
func Read(text []byte, into any) error {
	return located(text, read(text, into))
}

// located returns an error about a text with the line of its field.
func located(text []byte, err error) error {
	if wrong, ok := errors.AsType[*Error](err); ok && wrong.Line == 0 {
		wrong.Line = Line(text, wrong.Path)
	}
	return err
}

// ReadKnown is Read that ignores fields which are not known, and takes the last of a key that stands twice.
func ReadKnown(text []byte, into any) error {
	if err := CheckAliases(text); err != nil {
		return err
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		return parserError(err, nil, 0)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return located(text, ExplainType(raw, into, err))
	}
	return nil
}

// read is Read whose errors know no lines but those of the parser.
func read(text []byte, into any) error {
	raw, err := given(text)
	if err != nil || raw == nil {
		return err
	}
	if err := refuseNull(raw); err != nil {
		return err
	}
	unknown, err := kjson.UnmarshalStrict(raw, into, kjson.DisallowUnknownFields)
	if err != nil {
		return ExplainType(raw, into, err)
	}
	if len(unknown) == 0 {
		return nil
	}
	field, ok := errors.AsType[kjson.FieldError](unknown[0])
	if !ok {
		return unknown[0]
	}
	path, known := field.FieldPath(), siblingsOf(field.FieldPath(), reflect.TypeOf(into))
	meant := suggest.Name(path[strings.LastIndex(path, ".")+1:], known)
	return &Error{Path: path, Suggestion: meant,
		Problem: fmt.Sprintf("unknown field %q%s, want one of %s", path, suggest.Question(meant), strings.Join(known, ", "))}
}

// siblingsOf returns the JSON names of the fields that stand where the path leads, such as "selectors[0].name".
func siblingsOf(path string, t reflect.Type) []string {
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		name, _, _ := strings.Cut(step, "[")
		for _, field := range fieldsOf(t) {
			if jsonName(field) == name {
				t = field.Type
				break
			}
		}
	}
	var names []string
	for _, field := range fieldsOf(t) {
		names = append(names, jsonName(field))
	}
	return names
}

// fieldsOf returns the fields of a struct, or of the struct that a pointer leads to or a list consists of.
func fieldsOf(t reflect.Type) []reflect.StructField {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return reflect.VisibleFields(t)
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}
