package templates

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/internal/suggest"
)

// fieldError says what is wrong with one field of an overlay.
type fieldError struct {
	path    fieldPath
	problem string
}

func (e *fieldError) Error() string {
	if len(e.path) == 0 {
		return e.problem
	}
	return e.path.String() + ": " + e.problem
}

// fieldErrors returns the errors of single fields that an error of checkPod consists of, in the order of the fields.
func fieldErrors(err error) []*fieldError {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if one, ok := errors.AsType[*fieldError](err); ok {
			return []*fieldError{one}
		}
		return nil
	}
	var all []*fieldError
	for _, inner := range joined.Unwrap() {
		all = append(all, fieldErrors(inner)...)
	}
	return all
}

// fieldPath leads from the root of an object to a field: strings are keys, ints are indexes.
type fieldPath []any

func (p fieldPath) String() string {
	var b strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(step) + "]")
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		}
	}
	return b.String()
}

// key returns the last key on the path, empty if there is none.
func (p fieldPath) key() string {
	for _, step := range slices.Backward(p) {
		if key, ok := step.(string); ok {
			return key
		}
	}
	return ""
}

func (p fieldPath) with(step any) fieldPath {
	return append(p[:len(p):len(p)], step)
}

// isDirective says whether a key steers a strategic merge instead of naming a field: $patch, $retainKeys,
// $setElementOrder/… and $deleteFromPrimitiveList/….
func isDirective(key string) bool { return strings.HasPrefix(key, "$") }

// checkPod checks that what a template made is a partial Pod, or nothing: every field is one that the Pod type has, of its
// type, and every element of a list that is merged by key has that key. Null stands for "absent" and merge directives are
// skipped. The error has everything that is wrong: fieldErrors returns it.
func checkPod(made any) error {
	switch made := made.(type) {
	case nil:
		return nil
	case map[string]any:
		return checkStruct(nil, made, reflect.TypeFor[corev1.Pod]())
	default:
		return &fieldError{nil, fmt.Sprintf("the output is %s, want an object", strictyaml.Kind(made))}
	}
}

func checkValue(path fieldPath, value any, t reflect.Type) error {
	if value == nil {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		return checkValue(path, value, t.Elem())
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return checkUnmarshaler(path, value, t)
	}
	switch t.Kind() {
	case reflect.Struct:
		if object, ok := value.(map[string]any); ok {
			return checkStruct(path, object, t)
		}
		return &fieldError{path, fmt.Sprintf("is %s, want an object", strictyaml.Kind(value))}
	case reflect.Map:
		return checkMap(path, value, t)
	case reflect.Slice:
		return checkSlice(path, value, t)
	default:
		return checkScalar(path, value, t)
	}
}

// checkUnmarshaler checks a value whose type reads its own JSON, such as a quantity or a time.
func checkUnmarshaler(path fieldPath, value any, t reflect.Type) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return &fieldError{path, err.Error()}
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		return &fieldError{path, fmt.Sprintf("%s is not a valid %s: %s", raw, t.Name(), err)}
	}
	return nil
}

func checkStruct(path fieldPath, object map[string]any, t reflect.Type) error {
	fields := fieldsOf(t)
	var found []error
	for _, key := range slices.Sorted(maps.Keys(object)) { // so that one error is always the same
		value := object[key]
		if isDirective(key) {
			if !isKnownDirective(key) {
				found = append(found, &fieldError{path.with(key), unknownDirective})
			}
			continue
		}
		field, ok := fields[key]
		if !ok {
			found = append(found, &fieldError{path.with(key), "unknown field" + suggest.Question(suggest.Name(key, slices.Sorted(maps.Keys(fields))))})
			continue
		}
		if err := checkValue(path.with(key), value, field.typ); err != nil {
			found = append(found, err)
		}
		if list, ok := value.([]any); ok && field.mergeKey != "" {
			if err := checkMergeKeys(path.with(key), list, field.mergeKey); err != nil {
				found = append(found, err)
			}
		}
	}
	return errors.Join(found...)
}

func checkMergeKeys(path fieldPath, list []any, mergeKey string) error {
	for i, element := range list {
		object, ok := element.(map[string]any)
		if !ok || object["$patch"] != nil {
			continue
		}
		if object[mergeKey] == nil {
			return &fieldError{path.with(i), fmt.Sprintf("has no %s, by which elements of this list are merged", mergeKey)}
		}
	}
	return nil
}

func checkMap(path fieldPath, value any, t reflect.Type) error {
	object, ok := value.(map[string]any)
	if !ok {
		return &fieldError{path, fmt.Sprintf("is %s, want an object", strictyaml.Kind(value))}
	}
	var found []error
	for _, key := range slices.Sorted(maps.Keys(object)) {
		element := object[key]
		if isDirective(key) {
			if !isKnownDirective(key) {
				found = append(found, &fieldError{path.with(key), unknownDirective})
			}
			continue
		}
		if err := checkValue(path.with(key), element, t.Elem()); err != nil {
			found = append(found, err)
		}
	}
	return errors.Join(found...)
}

func checkSlice(path fieldPath, value any, t reflect.Type) error {
	if t.Elem().Kind() == reflect.Uint8 {
		return checkScalar(path, value, reflect.TypeFor[string]())
	}
	list, ok := value.([]any)
	if !ok {
		return &fieldError{path, fmt.Sprintf("is %s, want a list", strictyaml.Kind(value))}
	}
	var found []error
	for i, element := range list {
		if err := checkValue(path.with(i), element, t.Elem()); err != nil {
			found = append(found, err)
		}
	}
	return errors.Join(found...)
}

func checkScalar(path fieldPath, value any, t reflect.Type) error {
	want := ""
	switch t.Kind() {
	case reflect.String:
		if _, ok := value.(string); !ok {
			want = "a string"
		}
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			want = "a boolean"
		}
	case reflect.Int32:
		if n, ok := value.(int64); !ok || n < math.MinInt32 || n > math.MaxInt32 {
			want = "a 32-bit integer"
		}
	case reflect.Int64:
		if _, ok := value.(int64); !ok {
			want = "an integer"
		}
	default:
		want = "a " + t.Kind().String()
	}
	if want == "" {
		return nil
	}
	return &fieldError{path, fmt.Sprintf("is %s (%v), want %s", strictyaml.Kind(value), value, want)}
}

// structField is what the checks need of a field of a Kubernetes type.
type structField struct {
	typ      reflect.Type
	mergeKey string
}

// structFields remembers fieldsOf by type; the types are those of the Pod, a fixed set.
var structFields sync.Map // reflect.Type → map[string]structField

// fieldsOf maps the JSON names of a struct's fields, inlined ones included, to the fields.
func fieldsOf(t reflect.Type) map[string]structField {
	if known, ok := structFields.Load(t); ok {
		return known.(map[string]structField)
	}
	fields := map[string]structField{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && (field.Anonymous || strings.Contains(options, "inline")) {
			for name, inlined := range fieldsOf(field.Type) {
				fields[name] = inlined
			}
			continue
		}
		fields[name] = structField{typ: field.Type, mergeKey: field.Tag.Get("patchMergeKey")}
	}
	structFields.Store(t, fields)
	return fields
}
