package templates

import (
	"maps"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// sharedDepth is how deep an object may lie that many add to, such as metadata.annotations and spec.securityContext. One
// that is added deeper is owned as a whole.
const sharedDepth = 2

// comparison collects how a pod differs from what its author wrote. What both share in memory costs nothing.
type comparison struct {
	ownedPath
	// set are the fields that were added or changed.
	set []fieldHash
}

// object collects the fields that are in now and not, or otherwise, in before, and returns those that are the other way
// round: nil if there are none. Neither is changed; the result shares values with before.
func (c *comparison) object(t *podtype.Type, before, now map[string]any) (lost map[string]any) {
	lose := func(name string, value any) {
		if lost == nil {
			lost = map[string]any{}
		}
		lost[name] = value
	}
	for name, value := range now {
		old := before[name]
		if value == nil || listmap.Same(old, value) {
			continue
		}
		at := c.enter(name)
		if old == nil {
			c.added(t.Field(name), value)
		} else {
			was, order := c.value(t.Field(name), old, value)
			if was != nil {
				lose(name, was)
			}
			if order != nil {
				lose(orderPrefix+name, order)
			}
		}
		c.leave(at)
	}
	for name, old := range before {
		if old != nil && now[name] == nil {
			lose(name, old)
			at := c.enter(name)
			c.set = append(c.set, c.absentHash())
			c.leave(at)
		}
	}
	return lost
}

// value is object for a field that both have. order is the order of a list that is lost.
func (c *comparison) value(t *podtype.Type, before, now any) (lost any, order []any) {
	switch old := before.(type) {
	case map[string]any:
		if now, ok := now.(map[string]any); ok && len(old) > 0 && !c.isDeep() {
			if was := c.object(t, old, now); was != nil {
				return was, nil
			}
			return nil, nil
		}
	case []any:
		now, ok := now.([]any)
		if !ok || c.isDeep() {
			break
		}
		if sameElements(old, now) {
			return nil, nil
		}
		if was, ok := c.list(t, old, now); ok {
			order = lostOrder(t, old, now)
			if was != nil {
				return was, order
			}
			return nil, order
		}
	}
	if listmap.Equal(t, before, now) {
		return nil, nil
	}
	c.added(t, now)
	return before, nil
}

// sameElements says that two lists have the same objects, in memory, at all places.
func sameElements(a, b []any) bool {
	return slices.EqualFunc(a, b, listmap.Same)
}

// list is object for two lists; ok is false for such whose elements cannot be told apart.
func (c *comparison) list(t *podtype.Type, before, now []any) (lost []any, ok bool) {
	old, is := elementsByKey(t, before), elementsByKey(t, now)
	if old == nil || is == nil {
		return nil, false
	}
	for key := range is {
		if old[key] == nil {
			at := c.enter(key)
			c.set = append(c.set, c.wholeHash())
			c.leave(at)
		}
	}
	for _, element := range before {
		key, _ := listmap.Key(t, element)
		author := old[key]
		switch now := is[key]; {
		case now == nil:
			lost = append(lost, author)
			at := c.enter(key)
			c.set = append(c.set, c.absentHash())
			c.leave(at)
		case !listmap.Same(author, now):
			at := c.enter(key)
			if was := c.object(t.Elem(), author, now); was != nil {
				for _, name := range listmap.KeyFields(t, author) {
					if value := author[name]; value != nil {
						was[name] = value
					}
				}
				lost = append(lost, was)
			}
			c.leave(at)
		}
	}
	return lost, true
}

// added collects a value that is new.
func (c *comparison) added(t *podtype.Type, value any) {
	switch value := value.(type) {
	case map[string]any:
		if c.depth > sharedDepth {
			c.set = append(c.set, c.wholeHash())
			return
		}
		for name, inner := range value {
			if inner == nil { // absent, as in object
				continue
			}
			at := c.enter(name)
			c.added(t.Field(name), inner)
			c.leave(at)
		}
		if len(value) > 0 {
			return
		}
	case []any:
		if elements := elementsByKey(t, value); elements != nil {
			for key := range elements {
				at := c.enter(key)
				c.set = append(c.set, c.wholeHash())
				c.leave(at)
			}
			return
		}
	}
	c.set = append(c.set, c.hash(t, value))
}

// mergeLost returns an object with what a comparison lost over it again. Neither is changed, and the result shares values with
// both.
func mergeLost(t *podtype.Type, object, lost map[string]any) map[string]any {
	if len(lost) == 0 {
		return object
	}
	result := maps.Clone(object)
	if result == nil {
		result = map[string]any{}
	}
	for name, value := range lost {
		if strings.HasPrefix(name, orderPrefix) {
			continue // below, when the elements are back
		}
		switch value := value.(type) {
		case map[string]any:
			if inner, ok := object[name].(map[string]any); ok {
				result[name] = mergeLost(t.Field(name), inner, value)
				continue
			}
		case []any:
			if inner, ok := object[name].([]any); ok {
				if list, ok := mergeLostList(t.Field(name), inner, value); ok {
					result[name] = list
					continue
				}
			}
		}
		result[name] = value
	}
	restoreOrders(t, result, lost)
	return result
}

// mergeLostList is mergeLost for two lists; ok is false for such whose elements cannot be told apart.
func mergeLostList(t *podtype.Type, list, lost []any) (result []any, ok bool) {
	if elementsByKey(t, list) == nil || elementsByKey(t, lost) == nil {
		return nil, false
	}
	result = slices.Clone(list)
	for i, from := range listmap.Match(t, list, lost) {
		if from < 0 {
			result = append(result, lost[i])
		} else {
			result[from] = mergeLost(t.Elem(), list[from].(map[string]any), lost[i].(map[string]any))
		}
	}
	return result, true
}
