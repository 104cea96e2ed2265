package edit

// keepsAlias says whether an alias still stands for what is wanted in its place.
func (e *editor) keepsAlias(n *node, before, after any) bool {
	if n.target == nil || e.gone[n.target] {
		return false
	}
	if value, visited := e.values[n.target]; visited {
		return equal(value, after)
	}
	return equal(before, after)
}

// keepsMerge says whether the keys that come in by << are wanted as they were.
func (e *editor) keepsMerge(n *node, before, after map[string]any) bool {
	own := map[string]bool{}
	var merges []*node
	for _, entry := range n.entries {
		if entry.merge {
			merges = append(merges, entry.value)
		} else {
			own[entry.name] = true
		}
	}
	for key, value := range before {
		if other, ok := after[key]; !own[key] && (!ok || !equal(value, other)) {
			return false
		}
	}
	for len(merges) > 0 {
		last := merges[len(merges)-1]
		merges = merges[:len(merges)-1]
		if last.target != nil {
			if _, visited := e.values[last.target]; visited || e.gone[last.target] {
				return false
			}
			// Something in it may have been edited without a visit to itself being recorded.
			merges = append(merges, last.target)
		}
		for _, entry := range last.entries {
			merges = append(merges, entry.value)
		}
	}
	return true
}

// visit records what an anchored node is going to hold.
func (e *editor) visit(n *node, before, after any) {
	if n.anchored && !equal(before, after) {
		e.values[n] = after
	}
}

// forget records that the text of a node and all in it goes.
func (e *editor) forget(n *node) {
	if !n.hasAnchor {
		return
	}
	if n.anchored {
		e.gone[n] = true
	}
	for _, entry := range n.entries {
		if entry.key != nil {
			e.forget(entry.key)
		}
		e.forget(entry.value)
	}
}
