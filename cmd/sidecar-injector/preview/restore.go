package preview

import (
	"fmt"
	"reflect"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
)

// restore takes what was filled in away from an answer again. submitted is a value as it was written, defaulted the
// same with what the API server and the controllers fill in, answered what became of that: the result is what would
// have become of submitted. What is the same in answered as in defaulted is given back as it was submitted; what was
// filled in and then changed stays as it was changed. A nil value stands for an absent one. The result shares what it
// can with submitted and answered, neither of which is changed.
func restore(submitted, defaulted, answered any) any {
	if reflect.DeepEqual(defaulted, answered) {
		return submitted
	}
	switch answered := answered.(type) {
	case map[string]any:
		if defaulted, ok := defaulted.(map[string]any); ok {
			return restoreObject(submitted, defaulted, answered)
		}
	case []any:
		if defaulted, ok := defaulted.([]any); ok {
			submitted, _ := submitted.([]any)
			return restoreList(submitted, defaulted, answered)
		}
	}
	return answered
}

// dependents are fields that are filled in by what another field beside them holds. If that has changed, they would be
// filled in differently now, so that what was answered has to be kept.
var dependents = map[string]string{
	"imagePullPolicy": "image",
	"pullPolicy":      "reference",
	"requests":        "limits",
	"serviceAccount":  "serviceAccountName",
}

func restoreObject(submitted any, defaulted, answered map[string]any) any {
	before, wasThere := submitted.(map[string]any)
	result := map[string]any{}
	for key, value := range before {
		// A field that was null or otherwise dropped before the request was made is nobody's business.
		if _, asked := defaulted[key]; !asked {
			result[key] = value
		}
	}
	for key := range answered {
		delete(result, key)
		value := answered[key]
		if on, depends := dependents[key]; !depends || reflect.DeepEqual(defaulted[on], answered[on]) {
			value = restore(before[key], defaulted[key], value)
		}
		if _, written := before[key]; value != nil || written {
			result[key] = value
		}
	}
	if len(result) == 0 && !wasThere {
		return nil
	}
	return result
}

// restoreList pairs the elements of the answer with those of the request: first those that are equal, then those that
// are the same by elementKey. Filling in only ever appends to lists, so that an element of the request is the
// submitted one of the same index, or, past their number, one that was filled in.
func restoreList(submitted, defaulted, answered []any) any {
	origin := pair(defaulted, answered)
	result := make([]any, 0, len(answered))
	for i, value := range answered {
		switch from := origin[i]; {
		case from < 0: // It is new.
			result = append(result, value)
		case from < len(submitted):
			result = append(result, restore(submitted[from], defaulted[from], value))
		case !reflect.DeepEqual(defaulted[from], value): // It was filled in, then changed.
			result = append(result, value)
		}
	}
	if len(result) == 0 && submitted == nil {
		return nil
	}
	return result
}

// pair returns for each element of answered the index of the element of defaulted that it was, -1 for none.
func pair(defaulted, answered []any) []int {
	origin := make([]int, len(answered))
	taken := make([]bool, len(defaulted))
	for i := range origin {
		origin[i] = -1
	}
	for _, same := range []func(a, b any) bool{reflect.DeepEqual, sameKey} {
		for i, value := range answered {
			if origin[i] >= 0 {
				continue
			}
			for j, candidate := range defaulted {
				if !taken[j] && same(candidate, value) {
					origin[i], taken[j] = j, true
					break
				}
			}
		}
	}
	return origin
}

func sameKey(a, b any) bool {
	keyA, keyB := elementKey(a), elementKey(b)
	return keyA != "" && keyA == keyB
}

// elementKey is what tells an element of a list in a pod from its siblings: for a container port its number and
// protocol, for a volume mount its path, for anything else its name. "" means that there is no such thing.
func elementKey(element any) string {
	object, _ := element.(map[string]any)
	if port, ok := object["containerPort"]; ok {
		protocol := simulate.Text(object, "protocol")
		if protocol == "" {
			protocol = "TCP"
		}
		return fmt.Sprintf("port %v/%s", port, protocol)
	}
	if path := simulate.Text(object, "mountPath"); path != "" {
		return "mount " + path
	}
	if name := simulate.Text(object, "name"); name != "" {
		return "name " + name
	}
	return ""
}
