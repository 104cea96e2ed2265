package param

// Locate returns the line of the template where the value at a path stands in a filled tree, and the action if it is
// the value of one: strings are keys, ints indexes. Of what is not there it is the line of what it would stand in.
func (t *Tree) Locate(o *Output, path []any) (line int, action string) {
	n := t.root
	if n != nil {
		line = n.line
	}
	for _, step := range path {
		if n == nil {
			break
		}
		next, at := n.child(o, step)
		if at == 0 {
			break
		}
		n, line = next, at
	}
	if n != nil && n.kind == scalarNode && len(n.parts) > 0 {
		action = o.program.actions[o.parameters[n.firstParameter()].action].text
	}
	return line, action
}

// child returns the node at a step, nil if it came with a parameter, and its line, 0 if it is not there.
func (n *node) child(o *Output, step any) (*node, int) {
	f := &filler{Output: o}
	index := 0
	for i, child := range n.children {
		var entries any
		if child.kind == entriesNode {
			entries, _ = f.made(child.parts[0].number)
		}
		switch step := step.(type) {
		case string:
			if inner, ok := entries.(map[string]any); ok {
				if _, there := inner[step]; there {
					return nil, child.line
				}
			} else if n.kind == mappingNode {
				if name, err := f.key(n.keys[i]); err == nil && name == step {
					return child, child.line
				}
			}
		case int:
			if inner, ok := entries.([]any); ok {
				if index += len(inner); step < index {
					return nil, child.line
				}
			} else if n.kind == sequenceNode {
				if step == index {
					return child, child.line
				}
				index++
			}
		}
	}
	return nil, 0
}
