package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// readStrictly reads YAML (or JSON) into a struct. Names are told apart by case; a key that stands twice, a field that
// is not known and a value of another type are errors, each one line that names the field and what is allowed there.
// Empty input leaves the struct as it is.
func readStrictly(text []byte, into any) error {
	raw, err := templates.ReadYAML(text)
	if err != nil {
		return explainYAML(err)
	}
	unknown, err := kjson.UnmarshalStrict(raw, into, kjson.DisallowUnknownFields)
	if err != nil {
		return explainType(raw, into, err)
	}
	if len(unknown) == 0 {
		return nil
	}
	if field, ok := errors.AsType[kjson.FieldError](unknown[0]); ok {
		path, known := field.FieldPath(), siblingsOf(field.FieldPath(), reflect.TypeOf(into))
		name := path[strings.LastIndex(path, ".")+1:]
		return fmt.Errorf("unknown field %q%s, want one of %s", path, templates.Suggestion(name, known), strings.Join(known, ", "))
	}
	return unknown[0]
}

// explainType says which value of raw is of a wrong type for what it was to be read into, if that is what the error err
// is about; otherwise it returns err. encoding/json has that in fields, the decoders of apimachinery only in texts for
// Go programmers. It may write to into.
func explainType(raw []byte, into any, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(raw, into)); ok {
		return templates.ExplainType(wrong)
	}
	return err
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

// explainYAML shortens what the YAML parser says to one line.
func explainYAML(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: ", "unmarshal errors: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return errors.New(text)
}
