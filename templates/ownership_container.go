package templates

import (
	"maps"
	"slices"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

var containerType = podtype.Pod().Field("spec").Field(Containers).Elem()

// ownedInContainer returns the fields of an injected container that its author has no say in: author is what the author
// wrote of it, nil if nothing.
func ownedInContainer(container, author map[string]any) ownedFields {
	var c collector
	// The name is never owned: it is what makes the two the same container. The author's part has it as soon as the API
	// server's defaults are in it, so owning it would make a second injection differ from the first.
	c.object(containerType, container, author, []string{"name"})
	return ownedOf(c.found)
}

// collector collects the fields of a value that its author has not written.
type collector struct {
	ownedPath
	found []fieldHash
}

// object collects those of an object but for the fields that are left out.
func (c *collector) object(t *podtype.Type, object, author map[string]any, leaveOut []string) {
	for name, value := range object {
		if slices.Contains(leaveOut, name) {
			continue
		}
		own, written := author[name]
		at := c.enter(name)
		c.value(t.Field(name), value, own, written)
		c.leave(at)
	}
}

// value collects those of a field, which the author may have written as own. A scalar is a field, and so is a list that is
// merged as one, such as a container's arguments, and what is empty. An element of a list with keys is one for itself.
func (c *collector) value(t *podtype.Type, value, own any, written bool) {
	switch value := value.(type) {
	case map[string]any:
		if len(value) > 0 && !c.isDeep() {
			author, _ := own.(map[string]any)
			c.object(t, value, author, nil)
			return
		}
	case []any:
		if isKeyed(t, value) && !c.isDeep() {
			c.list(t, value, own)
			return
		}
	}
	if !written || !isField(t, own) {
		c.found = append(c.found, c.hash(t, value))
	}
}

func (c *collector) list(t *podtype.Type, list []any, own any) {
	var authors map[string]map[string]any
	if own, ok := own.([]any); ok && isKeyed(t, own) {
		authors = make(map[string]map[string]any, len(own))
		for _, element := range own {
			// Several of one key, which env may have, have one path: what one of them says is the author's.
			key, _ := listmap.Key(t, element)
			authors[key] = mergeLost(t.Elem(), element.(map[string]any), authors[key])
		}
	}
	for _, element := range list {
		at := c.enterElement(t, element)
		element := element.(map[string]any)
		author := authors[string(c.text[at+1:])]
		if author == nil {
			c.found = append(c.found, c.elementHash(t, element))
		}
		c.object(t.Elem(), element, author, listmap.KeyFields(t, element))
		c.leave(at)
	}
}

// isField says whether a value is a field for itself, and not an object or a list in which the fields are.
func isField(t *podtype.Type, value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) == 0
	case []any:
		return !isKeyed(t, value)
	}
	return true
}

// withoutOwned returns what is left of a container of a list without what an injection set: what its author, another webhook
// or the API server put there. It is nil if that is nothing but the name and what goes without saying. A container that was
// not injected is returned as it is. It is not changed; the result shares values with it.
func (s status) withoutOwned(list string, container map[string]any) map[string]any {
	name := nameOf(container)
	owned, injected := s.of(list, name)
	if !injected {
		return container
	}
	rest := stripContainer(container, owned, s.Overrides[name])
	if isAbsent(containerType, rest, []string{"name"}) {
		return nil
	}
	rest["name"] = container["name"]
	return rest
}

// stripContainer returns a copy of a container without the owned fields and without what the API server derived from them:
// the pull policy from the image, and requests from limits. lost is what of the author's part is known to have been lost.
func stripContainer(container map[string]any, owned ownedFields, lost map[string]any) map[string]any {
	rest := maps.Clone((&stripper{owned: owned}).object(containerType, container, nil, lost))
	dropDerived(rest, container, lost)
	return rest
}
