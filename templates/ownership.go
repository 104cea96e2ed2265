package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// fieldHash says of one field that the injector set it, and to what: a hash of its path and of its canonical value, so that
// a quantity which the API server stores as "2" is still the one that was set as "2000m". Four bytes are enough: an
// accidental match is a 1 in 2^32 event, and a match forged on purpose gains nothing.
type fieldHash [4]byte

// ownedFields are the hashes of the fields that the injector set, one behind the other, in order.
type ownedFields []byte

// ownedOf puts hashes in order, each once. It reorders the argument.
func ownedOf(found []fieldHash) ownedFields {
	slices.SortFunc(found, func(a, b fieldHash) int { return bytes.Compare(a[:], b[:]) })
	if len(found) == 0 {
		return nil
	}
	all := make(ownedFields, 0, len(found)*len(fieldHash{}))
	for _, hash := range slices.Compact(found) {
		all = append(all, hash[:]...)
	}
	return all
}

// UnmarshalJSON reads what encoding/json writes for bytes, and refuses a broken length.
func (o *ownedFields) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	if size := len(fieldHash{}); len(decoded)%size != 0 {
		return fmt.Errorf("hashes of %d bytes, want a multiple of %d", len(decoded), size)
	}
	*o = decoded
	return nil
}

// has says whether a hash is among them.
func (o ownedFields) has(hash fieldHash) bool {
	size := len(hash)
	i := sort.Search(len(o)/size, func(i int) bool { return bytes.Compare(o[i*size:(i+1)*size], hash[:]) >= 0 })
	return i < len(o)/size && bytes.Equal(o[i*size:(i+1)*size], hash[:])
}

// maxOwnedDepth is how deep fields are told apart. What lies deeper, which is deeper than any field of the Pod type, is one
// value with all that is in it, so that the work is linear in the size of whatever somebody nests.
const maxOwnedDepth = 32

// ownedPath leads to the field that is looked at. It is extended and shortened in place.
type ownedPath struct {
	text  []byte
	depth int
}

// enter extends the path by a step; leave takes it back.
func (p *ownedPath) enter(step string) (length int) {
	length = len(p.text)
	p.text = append(append(p.text, '/'), step...)
	p.depth++
	return length
}

func (p *ownedPath) leave(length int) {
	p.text = p.text[:length]
	p.depth--
}

// enterElement is enter for an element of a list with keys.
func (p *ownedPath) enterElement(list *podtype.Type, element any) (length int) {
	length = len(p.text)
	p.text, _ = listmap.AppendKey(append(p.text, '/'), list, element)
	p.depth++
	return length
}

// isDeep says that what lies below the path is one value.
func (p *ownedPath) isDeep() bool { return p.depth >= maxOwnedDepth }

// hash returns the hash of a value at the path.
func (p *ownedPath) hash(t *podtype.Type, value any) fieldHash {
	return p.sum(listmap.AppendCanonical(append(p.text, '='), t, value))
}

// wholeHash returns that of an object or a list element that goes with all that is in it.
func (p *ownedPath) wholeHash() fieldHash { return p.sum(append(p.text, "/=null"...)) }

// absentHash returns that of an object or a list element that an injection took away.
func (p *ownedPath) absentHash() fieldHash { return p.sum(append(p.text, "/=absent"...)) }

// elementHash returns that of an element of a list, whatever its fields are that do not make its key.
func (p *ownedPath) elementHash(list *podtype.Type, element map[string]any) fieldHash {
	text := append(p.text, "={"...)
	for i, name := range listmap.KeyFields(list, element) {
		if i > 0 {
			text = append(text, ',')
		}
		value := element[name]
		if value == nil || value == "" {
			value, _ = list.Elem().Default(name)
		}
		text = append(listmap.AppendJSON(text, name), ':')
		text = listmap.AppendCanonical(text, nil, value)
	}
	return p.sum(append(text, '}'))
}

func (p *ownedPath) sum(text []byte) fieldHash {
	p.text = text[:len(p.text)] // keep the room
	sum := sha256.Sum256(text)
	return fieldHash(sum[:len(fieldHash{})])
}

// isKeyed says whether a list has elements, each with a key: such a list is merged by element, any other is one value.
func isKeyed(t *podtype.Type, list []any) bool {
	for _, element := range list {
		object, ok := element.(map[string]any)
		if !ok || listmap.KeyFields(t, object) == nil {
			return false
		}
	}
	return len(list) > 0
}

// elementsByKey returns the elements of a list that is keyed, by key; nil if it is not, or if two have one key.
func elementsByKey(t *podtype.Type, list []any) map[string]map[string]any {
	if !isKeyed(t, list) {
		return nil
	}
	elements := make(map[string]map[string]any, len(list))
	for _, element := range list {
		key, _ := listmap.Key(t, element)
		elements[key] = element.(map[string]any)
	}
	if len(elements) < len(list) {
		return nil
	}
	return elements
}
