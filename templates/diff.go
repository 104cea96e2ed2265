package templates

import (
	"slices"
	"strconv"
	"strings"

	"gomodules.xyz/jsonpatch/v2"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// Patch is an RFC 6902 patch.
type Patch []jsonpatch.Operation

// AppendJSON appends the patch as JSON, as encoding/json would write it.
func (p Patch) AppendJSON(dst []byte) []byte {
	if p == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i, operation := range p {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, `{"op":"`...), operation.Operation...)
		dst = listmap.AppendJSON(append(dst, `","path":`...), operation.Path)
		if operation.Operation != "remove" {
			dst = listmap.AppendJSON(append(dst, `,"value":`...), operation.Value)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// Diff returns the patch that turns before into after, two decoded pods, which it does not change; values in the patch are
// shared with after. What means the same in both (listmap.Equal) stays as it is in before. Nothing is replaced that need
// not be: objects are descended into, lists keep the elements that stay, and every insertion names its position, so that
// the order of after is the order that results. Pods that mean the same give a nil patch.
//
// It takes O(n log n) time, and none for values that the two share.
func Diff(before, after map[string]any) Patch {
	var d differ
	d.objects(podtype.Pod(), before, after)
	return d.patch
}

// differ collects the operations of a patch.
type differ struct {
	patch Patch
	// path leads to the values that are compared, as it is once the operations so far have been applied.
	path []step
}

// step leads one step down: to a field of an object, or, if the index is not -1, to an element of a list.
type step struct {
	field string
	index int
}

func field(name string) step { return step{name, -1} }
func element(i int) step     { return step{"", i} }

// add appends an operation at the path with one more step.
func (d *differ) add(operation string, last step, value any) {
	var b strings.Builder
	for _, s := range append(d.path, last) {
		b.WriteByte('/')
		if s.index >= 0 {
			b.WriteString(strconv.Itoa(s.index))
		} else {
			_, _ = pointerEscapes.WriteString(&b, s.field)
		}
	}
	d.patch = append(d.patch, jsonpatch.NewOperation(operation, b.String(), value))
}

// pointerEscapes are those of one reference token of a JSON pointer (RFC 6901, section 3).
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func (d *differ) objects(t *podtype.Type, before, after map[string]any) {
	var gone, changed []string
	for name, old := range before {
		if _, stays := after[name]; !stays && !listmap.Absent(t.Field(name), old) {
			gone = append(gone, name)
		}
	}
	for name, value := range after {
		if mayDiffer(t.Field(name), before[name], value) {
			changed = append(changed, name)
		}
	}
	slices.Sort(gone)
	slices.Sort(changed)
	for _, name := range gone {
		d.add("remove", field(name), nil)
	}
	for _, name := range changed {
		if old, known := before[name]; known {
			d.values(t.Field(name), field(name), old, after[name])
		} else {
			d.add("add", field(name), after[name])
		}
	}
}

// mayDiffer says whether the values of a field differ, or are objects or lists that have to be looked into. What the API
// server would fill in is written where it is not: a patch says what after says.
func mayDiffer(t *podtype.Type, before, after any) bool {
	switch before.(type) {
	case nil:
		return !listmap.Dropped(t, after)
	case map[string]any:
		if _, both := after.(map[string]any); both {
			return !listmap.Same(before, after)
		}
	case []any:
		if _, both := after.([]any); both {
			return !listmap.Same(before, after)
		}
	}
	return !listmap.EqualField(t, before, after)
}

// values writes what leads from the one value to the other, which mayDiffer, at the path with one more step.
func (d *differ) values(t *podtype.Type, at step, before, after any) {
	switch old := before.(type) {
	case map[string]any:
		if object, ok := after.(map[string]any); ok {
			d.path = append(d.path, at)
			d.objects(t, old, object)
			d.path = d.path[:len(d.path)-1]
			return
		}
	case []any:
		if list, ok := after.([]any); ok {
			d.path = append(d.path, at)
			d.lists(t, old, list)
			d.path = d.path[:len(d.path)-1]
			return
		}
	}
	d.add("replace", at, after)
}

// lists keeps as many elements as possible (listmap.Pair), removes the others from the back, adds the new ones from the
// front, and then descends into those kept that have a key, at their final places; all others that are kept are equal.
func (d *differ) lists(t *podtype.Type, before, after []any) {
	from := listmap.Pair(t, before, after)
	stays := make([]bool, len(before))
	for _, b := range from {
		if b >= 0 {
			stays[b] = true
		}
	}
	for b := len(before) - 1; b >= 0; b-- {
		if !stays[b] {
			d.add("remove", element(b), nil)
		}
	}
	for a, b := range from {
		if b < 0 {
			d.add("add", element(a), after[a])
		}
	}
	for a, b := range from {
		if b < 0 || listmap.Same(before[b], after[a]) {
			continue
		}
		if _, keyed := listmap.Key(t, after[a]); keyed {
			d.values(t.Elem(), element(a), before[b], after[a])
		}
	}
}
