package templates

import "slices"

// sharedDepth is how deep an object may lie that many add to, such as metadata.annotations and spec.securityContext. One
// that is added deeper is one thing.
const sharedDepth = 2

// change collects how a pod differs from what its author wrote.
type change struct {
	// set are the marks of what was added or changed.
	set []mark
}

// wholeMark is the mark of an object or list element that goes with all that is in it.
func wholeMark(path string) mark { return markOf(path+"/", nil) }

// object marks what is in now and not, or otherwise, in before, and returns what is the other way round, by the same
// keys: nil if there is nothing. Neither is changed; the result shares values with before.
func (c *change) object(path string, depth int, before, now map[string]any) (lost map[string]any) {
	lose := func(key string, value any) {
		if lost == nil {
			lost = map[string]any{}
		}
		lost[key] = value
	}
	for key, value := range now {
		if old := before[key]; old == nil {
			c.added(path+"/"+key, depth+1, value)
		} else if was := c.value(path+"/"+key, depth+1, old, value); was != nil {
			lose(key, was)
		}
	}
	for key, old := range before {
		if old != nil && now[key] == nil {
			lose(key, old)
		}
	}
	return lost
}

// value is object for a field; before and now are not nil, and nor is lost if anything is.
func (c *change) value(path string, depth int, before, now any) (lost any) {
	switch old := before.(type) {
	case map[string]any:
		if now, ok := now.(map[string]any); ok && len(old) > 0 {
			if was := c.object(path, depth, old, now); was != nil {
				return was
			}
			return nil
		}
	case []any:
		if equal(before, now) { // in most pods, and much faster than pairing
			return nil
		}
		if now, ok := now.([]any); ok && distinct(old) && distinct(now) {
			if was := c.list(path, depth, old, now); was != nil {
				return was
			}
			return nil
		}
	}
	if equal(before, now) {
		return nil
	}
	c.added(path, depth, now)
	return before
}

// list is object for lists that are distinct.
func (c *change) list(path string, depth int, before, now []any) (lost []any) {
	old, is := byKey(before), byKey(now)
	for id := range is {
		if old[id] == nil {
			c.set = append(c.set, wholeMark(path+"/"+id))
		}
	}
	for _, element := range before {
		id, _ := elementKey(element)
		author := old[id]
		if is[id] == nil {
			lost = append(lost, author)
			continue
		}
		if was := c.object(path+"/"+id, depth+1, author, is[id]); was != nil {
			for _, field := range keyFields(author) {
				if value := author[field]; value != nil {
					was[field] = value
				}
			}
			lost = append(lost, was)
		}
	}
	return lost
}

// distinct says that a list has elements, each with a key that no other has.
func distinct(list []any) bool { return keyed(list) && len(byKey(list)) == len(list) }

// byKey returns the elements of a list that is keyed, by key.
func byKey(list []any) map[string]map[string]any {
	elements := make(map[string]map[string]any, len(list))
	for _, element := range list {
		id, _ := elementKey(element)
		elements[id], _ = element.(map[string]any)
	}
	return elements
}

// added marks a value that is new, at a path of that depth.
func (c *change) added(path string, depth int, value any) {
	switch value := value.(type) {
	case map[string]any:
		if depth > sharedDepth {
			c.set = append(c.set, wholeMark(path))
			return
		}
		for key, field := range value {
			c.added(path+"/"+key, depth+1, field)
		}
		if len(value) > 0 {
			return
		}
	case []any:
		if distinct(value) {
			for _, element := range value {
				id, _ := elementKey(element)
				c.set = append(c.set, wholeMark(path+"/"+id))
			}
			return
		}
	}
	c.set = append(c.set, markOf(path, value))
}

// undo takes away what change marked.
type undo struct {
	set map[mark]bool
}

// object returns what is left of an object. Objects and lists of which nothing is left go with it.
func (u undo) object(path string, value map[string]any) map[string]any {
	rest := map[string]any{}
	for key, field := range value {
		if left := u.value(path+"/"+key, field); left != nil || field == nil {
			rest[key] = left
		}
	}
	return rest
}

// value is object for a field; nil if nothing is left of it.
func (u undo) value(path string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		if u.set[wholeMark(path)] {
			return nil
		}
		if len(value) > 0 {
			if rest := u.object(path, value); len(rest) > 0 {
				return rest
			}
			return nil
		}
	case []any:
		if distinct(value) {
			var rest []any
			for _, element := range value {
				id, _ := elementKey(element)
				if at := path + "/" + id; !u.set[wholeMark(at)] {
					rest = append(rest, u.object(at, element.(map[string]any)))
				}
			}
			if rest == nil {
				return nil
			}
			return rest
		}
	}
	if u.set[markOf(path, value)] {
		return nil
	}
	return value
}

// layOver lays what change lost over an object again; it changes the object, and may share values with lost afterwards.
func layOver(object, lost map[string]any) {
	for key, value := range lost {
		switch value := value.(type) {
		case map[string]any:
			if inner, ok := object[key].(map[string]any); ok {
				layOver(inner, value)
				continue
			}
		case []any:
			if inner, ok := object[key].([]any); ok && distinct(value) && distinct(inner) {
				object[key] = layOverList(inner, value)
				continue
			}
		}
		object[key] = value
	}
}

func layOverList(list, lost []any) []any {
	for _, element := range lost {
		i := slices.IndexFunc(list, func(e any) bool { return sameElement(element, e) })
		if i < 0 {
			list = append(list, element)
			continue
		}
		layOver(list[i].(map[string]any), element.(map[string]any))
	}
	return list
}
