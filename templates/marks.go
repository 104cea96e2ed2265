package templates

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
)

// markSize is the length in bytes of one leaf's mark: an accidental match is a 1 in 2^32 event, and a match forged on
// purpose gains nothing.
const markSize = 4

// marks are marks, one behind the other, in order.
type marks []byte

// UnmarshalJSON reads what encoding/json writes for bytes, and refuses a broken length.
func (m *marks) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	if len(decoded)%markSize != 0 {
		return fmt.Errorf("marks of %d bytes, want a multiple of %d", len(decoded), markSize)
	}
	*m = decoded
	return nil
}

type mark [markSize]byte

func (m marks) set() map[mark]bool {
	set := make(map[mark]bool, len(m)/markSize)
	for chunk := range slices.Chunk([]byte(m), markSize) {
		set[mark(chunk)] = true
	}
	return set
}

func markOf(path string, value any) mark {
	text, err := json.Marshal(value)
	if err != nil {
		return mark{} // decoded JSON always encodes
	}
	sum := sha256.Sum256(append([]byte(path+"="), text...))
	return mark(sum[:markSize])
}

// marksOf puts marks in order, each once. It reorders the argument.
func marksOf(found []mark) marks {
	slices.SortFunc(found, func(a, b mark) int { return slices.Compare(a[:], b[:]) })
	var all marks
	for _, m := range slices.Compact(found) {
		all = append(all, m[:]...)
	}
	return all
}

// ownedMarks returns the marks of the leaves of an injected container that its user has no say in.
func ownedMarks(container, user map[string]any) marks {
	// The name is never marked: it is what makes the two the same container. The user's part has it as soon as the API
	// server's defaults are in it, so marking it would make a second injection differ from the first.
	users := map[string]bool{"/name": true}
	eachLeaf("", user, nil, func(path string, _ any) { users[path] = true })
	var found []mark
	eachLeaf("", container, nil, func(path string, value any) {
		if !users[path] {
			found = append(found, markOf(path, value))
		}
	})
	return marksOf(found)
}

// eachLeaf visits the leaves of an object with their paths, in no particular order. A leaf is a scalar, or a list
// whose elements have no key and which is merged as one, such as a container's arguments. A list element with a key is
// visited itself, its key fields being its value.
func eachLeaf(path string, object map[string]any, leaveOut []string, visit func(path string, value any)) {
	for key, value := range object {
		at := path + "/" + key
		switch value := value.(type) {
		case map[string]any:
			if len(value) == 0 {
				visit(at, value)
			}
			eachLeaf(at, value, nil, visit)
		case []any:
			if !keyed(value) {
				visit(at, value)
				continue
			}
			for _, element := range value {
				id, _ := elementKey(element)
				element := element.(map[string]any)
				visit(at+"/"+id, keyValues(element))
				eachLeaf(at+"/"+id, element, keyFields(element), visit)
			}
		default:
			if !slices.Contains(leaveOut, key) {
				visit(at, value)
			}
		}
	}
}

// keyed says whether every element of a list has a key.
func keyed(list []any) bool {
	for _, element := range list {
		if _, ok := elementKey(element); !ok {
			return false
		}
	}
	return len(list) > 0
}

// withoutOwned returns what is left of a container when the leaves that carry one of the marks are taken away: what
// its user, another webhook or the API server's defaulting put there. It is nil if that is nothing but the name. The
// container is not changed.
func withoutOwned(container map[string]any, owned marks) map[string]any {
	rest := stripObject("", container, owned.set(), nil)
	if len(rest) == 0 || len(rest) == 1 && rest["name"] != nil {
		return nil
	}
	rest["name"] = container["name"]
	return rest
}

// stripObject returns what is left of an object without the leaves that are owned; the fields of keep stay.
func stripObject(path string, object map[string]any, owned map[mark]bool, keep []string) map[string]any {
	rest := map[string]any{}
	for key, value := range object {
		at := path + "/" + key
		switch value := value.(type) {
		case map[string]any:
			if inner := stripObject(at, value, owned, nil); len(inner) > 0 || len(value) == 0 && !owned[markOf(at, value)] {
				rest[key] = inner
			}
		case []any:
			if list := stripList(at, value, owned); len(list) > 0 {
				rest[key] = list
			}
		default:
			if slices.Contains(keep, key) || !owned[markOf(at, value)] {
				rest[key] = value
			}
		}
	}
	return rest
}

// stripList does the same to a list. An element that was injected goes when nothing but its key is left of it.
func stripList(path string, list []any, owned map[mark]bool) []any {
	if !keyed(list) {
		if owned[markOf(path, list)] {
			return nil
		}
		return list
	}
	var rest []any
	for _, element := range list {
		id, _ := elementKey(element)
		at := path + "/" + id
		element := element.(map[string]any)
		inner := stripObject(at, element, owned, keyFields(element))
		if !owned[markOf(at, keyValues(element))] || hasMoreThan(inner, keyFields(element)) {
			rest = append(rest, inner)
		}
	}
	return rest
}

func keyValues(element map[string]any) map[string]any {
	values := map[string]any{}
	for _, field := range keyFields(element) {
		values[field] = element[field]
	}
	return values
}

func hasMoreThan(object map[string]any, fields []string) bool {
	for field := range object {
		if !slices.Contains(fields, field) {
			return true
		}
	}
	return false
}
