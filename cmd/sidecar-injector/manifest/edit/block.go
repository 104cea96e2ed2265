package edit

import (
	"bytes"
	"slices"
	"strings"
)

// slot is where a value stands in a block collection: behind a colon or a dash.
type slot struct {
	after  int // where the colon or dash ends
	indent int // the column of its collection
	item   bool
}

// value edits the value in a slot.
func (e *editor) value(n *node, at slot, before, after any) {
	if equal(before, after) && e.fresh(n) {
		return
	}
	switch {
	case n.kind == aliasNode:
		if e.keepsAlias(n, before, after) {
			return
		}
	case n.flow && len(n.entries) > 0 && e.editable(n, before, after):
		text := e.flow(n, before, after, false)
		if e.tooLong(n, text) || e.oneLine(n) && e.arrives(after) {
			break
		}
		e.replace(n.start, n.end, text)
		return
	case e.editable(n, before, after):
		e.visit(n, before, after)
		if n.kind == mappingNode {
			e.mapping(n, before.(map[string]any), after.(map[string]any))
		} else {
			e.sequence(n, before.([]any), after.([]any))
		}
		return
	}
	e.put(n, at, before, after)
}

// editable says whether a collection can be edited entry by entry: something of it stays.
func (e *editor) editable(n *node, before, after any) bool {
	if n.odd && !n.flow {
		return false
	}
	switch n.kind {
	case mappingNode:
		before, isBefore := before.(map[string]any)
		after, isAfter := after.(map[string]any)
		if !isBefore || !isAfter {
			return false
		}
		kept := false
		for _, entry := range n.entries {
			if entry.merge {
				continue
			}
			if _, ok := before[entry.name]; !ok {
				return false // The text says something else than the object.
			}
			if _, ok := after[entry.name]; ok {
				kept = true
			}
		}
		return kept
	case sequenceNode:
		before, isBefore := before.([]any)
		after, isAfter := after.([]any)
		return isBefore && isAfter && len(before) == len(n.entries) &&
			slices.ContainsFunc(pair(before, after), func(from int) bool { return from >= 0 })
	}
	return false
}

// mapping edits a block mapping: its values, then what is gone, then what is new.
func (e *editor) mapping(n *node, before, after map[string]any) {
	e.findMoves(n, before, after)
	keepMerge := e.keepsMerge(n, before, after)
	known := map[string]bool{}
	removed := make([]bool, len(n.entries))
	merges := false
	for i, entry := range n.entries {
		value, stays := after[entry.name]
		switch {
		case entry.merge:
			merges = true
			removed[i] = !keepMerge
			if removed[i] {
				e.forget(entry.value)
			}
		case stays:
			known[entry.name] = true
			e.value(entry.value, slot{after: entry.after, indent: n.indent}, before[entry.name], value)
		default:
			removed[i] = true
			e.forget(entry.value)
		}
	}
	if merges && keepMerge {
		for key := range before {
			known[key] = true
		}
	}
	e.remove(n, removed)
	r := e.renderer()
	added := map[string]any{}
	for key, value := range after {
		if !known[key] {
			added[key] = value
		}
	}
	e.insertAfter(n.end, r.mapping(added, n.indent, false, model{}))
}

// sequence edits a block sequence.
func (e *editor) sequence(n *node, before, after []any) {
	from := pair(before, after)
	removed := make([]bool, len(before))
	for i := range removed {
		removed[i] = true
	}
	for _, source := range from {
		if source >= 0 {
			removed[source] = false
		}
	}
	for i, gone := range removed {
		if gone {
			e.forget(n.entries[i].value)
		}
	}
	r := e.renderer()
	last := -1
	for i, source := range from {
		if source >= 0 {
			e.value(n.entries[source].value, slot{n.entries[source].after, n.indent, true}, before[source], after[i])
			last = source
			continue
		}
		lines := r.sequence([]any{after[i]}, n.indent, model{})
		if last >= 0 {
			e.insertAfter(n.entries[last].value.end, lines)
			continue
		}
		e.insertBefore(n.entries[0].start, lines)
	}
	e.remove(n, removed)
}

// insertAfter puts lines behind the line of a position.
func (e *editor) insertAfter(pos int, lines []string) {
	if len(lines) > 0 {
		end := e.lineEnd(pos)
		e.replace(end, end, e.nl+joinLines(lines, e.nl))
	}
}

// insertBefore puts lines in front of the first entry of a block collection and the comments that belong to it.
func (e *editor) insertBefore(start int, lines []string) {
	if !e.beginsLine(start) { // - - a
		indent := strings.Repeat(" ", e.column(start))
		e.replace(start, start, strings.TrimLeft(joinLines(lines, e.nl), " ")+e.nl+indent)
		return
	}
	head := e.head(start, 0)
	if head == 0 {
		e.replace(0, 0, joinLines(lines, e.nl)+e.nl)
		return
	}
	e.insertAfter(e.lineBefore(head), lines)
}

// remove cuts entries of a block collection out, with the comments that belong to them. Not all may be removed.
func (e *editor) remove(n *node, removed []bool) {
	first := 0
	for first < len(removed) && removed[first] {
		first++
	}
	start := n.entries[0].start
	switch {
	case first == 0:
	case e.beginsLine(start) && e.lineStart(start) > 0:
		head := e.lineStart(start)
		if n != e.top { // The comment at the top of a text is about all of it.
			head = e.head(start, 0)
		}
		e.replace(e.lineBefore(head), e.endOf(n.entries[first-1]), "")
	default:
		// The first line goes on to stand behind a dash, or where the text begins.
		end := n.entries[first].start
		if gap := e.raw[n.entries[first-1].value.end:end]; bytes.IndexByte(gap, '#') >= 0 {
			end = e.lineEnd(n.entries[first-1].value.end)
		}
		e.replace(start, end, "")
	}
	stays := n.entries[first].value
	for i := first; i < len(removed); i++ {
		entry := n.entries[i]
		if !removed[i] {
			stays = entry.value
			continue
		}
		head := e.head(entry.start, e.afterLine(n.entries[i-1].value.end))
		end := e.endOf(entry)
		if e.keepsBlankLines(stays) {
			end = e.afterBlankLines(end)
		}
		e.replace(e.lineBefore(head), end, "")
	}
}

// keepsBlankLines says whether a node ends with a block scalar to which all blank lines below it belong.
func (e *editor) keepsBlankLines(n *node) bool {
	last := n.last()
	return last.kind == scalarNode && last.end > last.body && bytes.IndexByte([]byte("|>"), e.raw[last.body]) >= 0 &&
		strings.Contains(e.header(last.body), "+")
}

// afterBlankLines returns the end of the last blank line below the line that ends at this position.
func (e *editor) afterBlankLines(end int) int {
	for end < len(e.raw) {
		next := e.afterLine(end)
		below := e.lineEnd(next)
		if next >= len(e.raw) || len(bytes.TrimSpace(e.raw[next:below])) > 0 {
			break
		}
		end = below
	}
	return end
}

// afterLine returns where the line behind the line of a position begins.
func (t *text) afterLine(pos int) int { return min(t.lineEnd(pos)+len(t.nl), len(t.raw)) }

// put writes a value anew in its slot.
func (e *editor) put(n *node, at slot, before, after any) {
	e.forget(n)
	if before, ok := before.(map[string]any); ok && n.kind == mappingNode {
		if after, ok := after.(map[string]any); ok {
			e.findMoves(n, before, after)
		}
	}
	r := e.renderer()
	inline, lines := r.value(after, at.indent, at.item, model{n, before})
	if text, ok := after.(string); ok && len(lines) == 0 {
		if quoted := quotedLike(e.raw[n.body:n.end], text); quoted != "" {
			inline = " " + quoted
		}
	}
	firstEnd := e.lineEnd(at.after)
	if n.start <= firstEnd {
		e.replace(at.after, n.end, inline)
		e.insertAfter(n.end, lines)
		return
	}
	// The value stood in the lines below: a comment behind the colon stays.
	comment := bytes.TrimRight(e.raw[at.after:firstEnd], " \t")
	rest := ""
	if len(lines) > 0 {
		rest = e.nl + joinLines(lines, e.nl)
	}
	e.replace(at.after, e.lineEnd(n.end), inline+string(comment)+rest)
}
