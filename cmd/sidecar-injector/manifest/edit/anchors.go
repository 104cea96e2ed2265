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
	for _, entry := range n.entries {
		own[entry.name] = !entry.merge
		if entry.merge && !e.fresh(entry.value) {
			return false
		}
	}
	for key, value := range before {
		if other, ok := after[key]; !own[key] && (!ok || !equal(value, other)) {
			return false
		}
	}
	return true
}

// fresh says whether all aliases in a node still stand for what they stood for.
func (e *editor) fresh(n *node) bool {
	if !n.hasAlias {
		return true
	}
	if n.kind == aliasNode {
		_, changed := e.values[n.target]
		return n.target != nil && !changed && !e.gone[n.target]
	}
	for _, entry := range n.entries {
		if entry.key != nil && !e.fresh(entry.key) || !e.fresh(entry.value) {
			return false
		}
	}
	return true
}

// visit records what an anchored node is going to hold, if that is something else than before.
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
