package preview

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// longText is from how many characters on a text is long. An image with its digest has fewer.
const longText = 200

// summary stands for a text: its size, and the beginning of its SHA-256, which shows a change. It is short, so that YAML
// keeps it on the line of its field.
func summary(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%d bytes, %x (--full)", len(text), sum[:4])
}

// folding makes a line of each long text of an object that the other object, before or after a change, does not have: the
// proxy's configuration that injection adds, or that its removal takes away. Status annotations are folded on both sides.
type folding struct {
	keys   []string        // of status annotations
	others map[string]bool // the long texts of the other object
}

// learn notes the long texts of the other object.
func (f *folding) learn(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			f.learn(inner)
		}
	case []any:
		for _, inner := range value {
			f.learn(inner)
		}
	case string:
		if isLong(value) {
			f.others[value] = true
		}
	}
}

// folded returns the value with those texts folded. The value is not changed. status says that it is a status annotation.
func (f *folding) folded(value any, status bool) any {
	switch value := value.(type) {
	case map[string]any:
		changed := make(map[string]any, len(value))
		for field, inner := range value {
			changed[field] = f.folded(inner, slices.Contains(f.keys, field))
		}
		return changed
	case []any:
		changed := make([]any, len(value))
		for i, inner := range value {
			changed[i] = f.folded(inner, false)
		}
		return changed
	case string:
		if status || isLong(value) && !f.others[value] {
			return summary(value)
		}
	}
	return value
}

func isLong(text string) bool {
	return len(text) > longText || strings.Contains(strings.TrimSuffix(text, "\n"), "\n")
}

// same says whether two objects are one and the same map.
func same(a, b map[string]any) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
