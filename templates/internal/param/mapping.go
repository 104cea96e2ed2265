package param

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

func (b *builder) mapping(n *yaml.Node, of Schema) (*node, error) {
	made := &node{kind: mappingNode, line: b.line(n), schema: schema{of}, isConstant: true}
	known := map[string]bool{}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if number, ok := entryAt(key, entryOfMap); ok {
			made.isConstant, made.open = false, true
			made.keys = append(made.keys, nil)
			made.children = append(made.children, &node{kind: entriesNode, line: b.line(key), parts: []part{{number: number}}})
			continue
		}
		if key.Tag == "!!merge" && key.Value == "<<" {
			merges = append(merges, value)
			continue
		}
		if err := b.entry(made, key, value, of, known); err != nil {
			return nil, err
		}
	}
	for _, merge := range merges {
		if err := b.merge(made, merge, of, known); err != nil {
			return nil, err
		}
	}
	if made.isConstant {
		object := make(map[string]any, len(made.keys))
		for i, key := range made.keys {
			object[key.value.(string)] = made.children[i].value
		}
		made.value = object
	}
	return made, nil
}

// entry adds one entry to a mapping.
func (b *builder) entry(made *node, key, value *yaml.Node, of Schema, known map[string]bool) error {
	name, err := b.key(key)
	if err != nil {
		return err
	}
	var field Schema
	if name.isConstant {
		text := name.value.(string)
		if known[text] {
			return b.fail(key, fmt.Sprintf("the output is not valid YAML: key %q already set in map", text))
		}
		known[text] = true
		field = fieldOf(of, text)
	} else {
		field = fieldOf(of, "")
	}
	child, err := b.build(value, field)
	if err != nil {
		return err
	}
	made.isConstant = made.isConstant && name.isConstant && child.isConstant
	made.open = made.open || !name.isConstant
	child.line = name.line
	made.keys = append(made.keys, name)
	made.children = append(made.children, child)
	return nil
}

// merge adds the entries of what stands behind the merge key <<, but those that are there.
func (b *builder) merge(made *node, from *yaml.Node, of Schema, known map[string]bool) error {
	if from.Kind == yaml.AliasNode {
		from = from.Alias
	}
	switch from.Kind {
	case yaml.SequenceNode:
		for _, one := range from.Content {
			if err := b.merge(made, one, of, known); err != nil {
				return err
			}
		}
		return nil
	case yaml.MappingNode:
		if b.open[from] {
			return b.fail(from, "an anchor contains its own alias")
		}
		b.open[from] = true
		defer delete(b.open, from)
		merged, err := b.mapping(from, of)
		if err != nil {
			return err
		}
		for i, key := range merged.keys {
			if key == nil || !key.isConstant {
				return b.fail(from, "a value cannot stand in what a merge key << adds")
			}
			if name := key.value.(string); !known[name] {
				known[name] = true
				made.isConstant = made.isConstant && merged.children[i].isConstant
				made.keys, made.children = append(made.keys, key), append(made.children, merged.children[i])
			}
		}
		return nil
	}
	return b.fail(from, "the output is not valid YAML: map merge requires map or sequence of maps as the value")
}
