package listmap

import (
	"fmt"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// Key returns what makes an element of a list the same element after a change, such as "name=app" or
// "containerPort=53/UDP". ok is false for an element that has no key: it is its own value, and compared with Equal.
//
// The keys are those of server-side apply. In a list of an unknown type they are guessed by the fields that identify
// elements elsewhere in Kubernetes.
func Key(list *podtype.Type, element any) (key string, ok bool) {
	var room [64]byte
	text, ok := AppendKey(room[:0], list, element)
	return string(text), ok
}

// AppendKey is Key, and appends it.
func AppendKey(dst []byte, list *podtype.Type, element any) (key []byte, ok bool) {
	object, isObject := element.(map[string]any)
	if !isObject {
		return dst, false
	}
	fields := KeyFields(list, object)
	if fields == nil {
		return appendObjectKey(dst, list, object)
	}
	for i, field := range fields {
		if i == 0 {
			dst = append(append(dst, field...), '=')
		} else {
			dst = append(dst, '/')
		}
		value := object[field]
		if value == nil || value == "" {
			value = keyDefault(list, field)
		}
		if text, ok := value.(string); ok {
			dst = append(dst, text...)
		} else if value != nil {
			dst = AppendCanonical(dst, nil, value)
		}
	}
	return dst, true
}

// KeyFields returns the fields of an element that make its Key, nil if it has none. The result must not be changed.
func KeyFields(list *podtype.Type, element map[string]any) []string {
	if list.Kind() != podtype.List {
		return guess(element)
	}
	fields := list.ListKeys()
	for _, field := range fields {
		if element[field] == nil && keyDefault(list, field) == nil {
			return nil
		}
	}
	return fields
}

var (
	portFields  = []string{"containerPort", "protocol"}
	guessFields = [][]string{{"mountPath"}, {"devicePath"}, {"name"}, {"key"}}
)

// guess is KeyFields in a list of an unknown type. A mount has the name of its volume too, which other mounts may have.
func guess(element map[string]any) []string {
	if element["containerPort"] != nil {
		return portFields
	}
	for _, fields := range guessFields {
		if _, ok := element[fields[0]].(string); ok {
			return fields
		}
	}
	return nil
}

// appendObjectKey appends the key of a Kubernetes object in a list of such.
func appendObjectKey(dst []byte, list *podtype.Type, element map[string]any) ([]byte, bool) {
	metadata, ok := element["metadata"].(map[string]any)
	if !ok || list.Kind() == podtype.List {
		return dst, false
	}
	return fmt.Appendf(dst, "object=%v/%v/%v", element["kind"], metadata["namespace"], metadata["name"]), true
}

func keyDefault(list *podtype.Type, field string) any {
	value, ok := list.Elem().Default(field)
	if !ok && list.Kind() != podtype.List && field == "protocol" {
		return "TCP"
	}
	return value
}
