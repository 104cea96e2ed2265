package reference

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/api/resource"
)

// plain returns an object as encoding/json decodes it.
func plain(object map[string]any) map[string]any {
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		panic(err)
	}
	return decoded
}

// droppable are fields in which null, nothing in an object or a list, and no field are equal.
var droppable = map[string]bool{"resources": true, "creationTimestamp": true, "status": true, "add": true}

// comparable brings a pod into the form in which pods are compared: without what is droppable, and quantities in their one
// canonical form. The pod is changed.
func comparable(pod map[string]any) map[string]any {
	normalize(pod, "")
	return pod
}

func normalize(value any, field string) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			normalize(inner, key)
			if droppable[key] && empty(inner) {
				delete(value, key)
				continue
			}
			if text, ok := inner.(string); ok && (field == "limits" || field == "requests") {
				if quantity, err := resource.ParseQuantity(text); err == nil {
					value[key] = quantity.String()
				}
			}
		}
	case []any:
		for _, inner := range value {
			normalize(inner, field)
		}
	}
}

func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return false
}
