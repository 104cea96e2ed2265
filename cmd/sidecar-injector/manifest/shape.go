package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/sidecar-injector/sidecar-injector/internal/nulls"
)

// objectField returns a field that is an object, and whether it is there. A null is as good as absent. The error is
// for a value of another type and names the field.
func objectField(object map[string]any, field string) (map[string]any, bool, error) {
	switch value := object[field].(type) {
	case nil:
		return nil, false, nil
	case map[string]any:
		return value, true, nil
	default:
		return nil, false, fmt.Errorf("%s is %s, want an object", field, describe(value))
	}
}

// stringMap returns a field that maps strings to strings, nil if it is absent. parent is the path for messages.
func stringMap(object map[string]any, parent, field string) (map[string]string, error) {
	values, ok, err := objectField(object, field)
	if err != nil {
		return nil, fmt.Errorf("%s.%w", parent, err)
	}
	if !ok {
		return nil, nil
	}
	result := make(map[string]string, len(values))
	for key, value := range values {
		text, ok := value.(string)
		switch {
		case ok:
			result[key] = text
		case value == nil:
			result[key] = "" // As the API server reads it.
		default:
			return nil, fmt.Errorf("%s.%s[%q] is %s, want a string: put it in quotes", parent, field, key, describe(value))
		}
	}
	return result, nil
}

// checkTemplate checks a pod template of a workload, or a pod, against the types of the Kubernetes API. Fields that the
// types do not have are no error. path is the template's own, for messages.
func checkTemplate(template map[string]any, path []string) error {
	metadata, _, err := objectField(template, "metadata")
	if err != nil {
		return errors.New(prefix(path, err.Error()))
	}
	for _, field := range []string{"labels", "annotations"} {
		if _, err := stringMap(metadata, prefix(path, "metadata"), field); err != nil {
			return err
		}
	}
	spec, ok, err := objectField(template, "spec")
	if err != nil {
		return errors.New(prefix(path, err.Error()))
	}
	if !ok {
		return fmt.Errorf("%s is missing, want a pod's spec", prefix(path, "spec"))
	}
	known := map[string]any{"metadata": metadata, "spec": spec}
	if null := nulls.Find(known); null != "" {
		return fmt.Errorf("%s is null, which no element of a list can be", prefix(path, null))
	}
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	var pod corev1.Pod
	if err := utiljson.Unmarshal(data, &pod); err != nil {
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) && wrongType.Field != "" {
			return fmt.Errorf("%s is %s, want %s", prefix(path, wrongType.Field), jsonWord(wrongType.Value), typeWord(wrongType.Type))
		}
		return fmt.Errorf("%s: %s", prefix(path, "spec"), oneLine(err))
	}
	if len(pod.Spec.Containers) == 0 {
		return fmt.Errorf("%s is %s, want at least one container", prefix(path, "spec", "containers"), describeList(spec["containers"]))
	}
	return nil
}

// prefix joins a field path for messages; a number is the element of a list.
func prefix(path []string, fields ...string) string {
	var joined strings.Builder
	for i, field := range slices.Concat(path, fields) {
		switch _, err := strconv.ParseUint(field, 10, 32); {
		case err == nil && i > 0:
			joined.WriteString("[" + field + "]")
		case i > 0:
			joined.WriteString("." + field)
		default:
			joined.WriteString(field)
		}
	}
	return joined.String()
}

func describeList(value any) string {
	if list, ok := value.([]any); ok && len(list) == 0 {
		return "empty"
	}
	return describe(value)
}

// jsonWord puts the decoder's name for a JSON value into describe's words.
func jsonWord(value string) string {
	word, _, _ := strings.Cut(value, " ")
	switch word {
	case "bool":
		return "a boolean"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "number":
		return strings.Replace("a "+value, "number ", "number, ", 1)
	}
	return "a " + word
}

func typeWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeWord(t.Elem())
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int32, reflect.Int64:
		return "a whole number"
	}
	return t.String()
}
