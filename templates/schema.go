package templates

import (
	"encoding/json"
	"reflect"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/param"
)

// typeSchema is a Go type of the Kubernetes API as the schema of a template's output.
type typeSchema struct {
	typ      reflect.Type // no pointer
	mergeKey string       // of a list that is merged by key
}

var podType param.Schema = typeSchema{typ: reflect.TypeFor[corev1.Pod]()}

func schemaOf(field structField) param.Schema {
	for field.typ.Kind() == reflect.Pointer {
		field.typ = field.typ.Elem()
	}
	return typeSchema(field)
}

// Field implements param.Schema.
func (s typeSchema) Field(name string) param.Schema {
	switch {
	case s.readsItself():
	case s.typ.Kind() == reflect.Map:
		return schemaOf(structField{typ: s.typ.Elem()})
	case s.typ.Kind() == reflect.Struct:
		if field, ok := fieldsOf(s.typ)[name]; ok {
			return schemaOf(field)
		}
	}
	return nil
}

// Element implements param.Schema.
func (s typeSchema) Element() param.Schema {
	if s.typ.Kind() != reflect.Slice || s.WantsString() {
		return nil
	}
	return schemaOf(structField{typ: s.typ.Elem()})
}

// WantsString implements param.Schema.
func (s typeSchema) WantsString() bool {
	return !s.readsItself() && (s.typ.Kind() == reflect.String || s.typ.Kind() == reflect.Slice && s.typ.Elem().Kind() == reflect.Uint8)
}

// Check implements param.Schema.
func (s typeSchema) Check(value any) error {
	if list, ok := value.([]any); ok && s.mergeKey != "" {
		if err := checkMergeKeys(nil, list, s.mergeKey); err != nil {
			return err
		}
	}
	return checkValue(nil, value, s.typ)
}

// readsItself says that the type has a form of its own in JSON.
func (s typeSchema) readsItself() bool {
	return reflect.PointerTo(s.typ).Implements(reflect.TypeFor[json.Unmarshaler]())
}
