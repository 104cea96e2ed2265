package edit

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxLine is the length from which on a collection in brackets in one line is written in block style instead.
const maxLine = 100

// tooLong says whether a collection that stood in one line no longer fits there.
func (e *editor) tooLong(n *node, text string) bool {
	return !e.json && e.oneLine(n) && !strings.Contains(text, "\n") &&
		utf8.RuneCount(e.raw[e.lineStart(n.start):n.start])+utf8.RuneCountInString(text) > maxLine
}

// flow returns the text of a value in brackets, or in a collection in brackets, with its anchor if that stays. inLine
// says that the collection around it stands in one line.
func (e *editor) flow(n *node, before, after any, inLine bool) string {
	if equal(before, after) && e.fresh(n) || n.kind == aliasNode && e.keepsAlias(n, before, after) {
		return string(e.raw[n.start:n.end])
	}
	if n.flow && !n.odd && e.editable(n, before, after) {
		e.visit(n, before, after)
		properties := string(e.raw[n.start:n.body])
		if n.kind == mappingNode {
			return properties + e.flowMapping(n, before.(map[string]any), after.(map[string]any))
		}
		return properties + e.flowSequence(n, before.([]any), after.([]any))
	}
	e.forget(n)
	if text, ok := after.(string); ok && !e.json {
		if quoted := quotedLike(e.raw[n.body:n.end], text); quoted != "" {
			return quoted
		}
	}
	return e.flowRenderer(n.start, inLine).value(after, false, model{n, before})
}

// part is an entry of the new text: source is its index in the old one, -1 if it is new.
type part struct {
	source int
	text   string
}

func (e *editor) flowMapping(n *node, before, after map[string]any) string {
	e.findMoves(n, before, after)
	var parts []part
	known := map[string]bool{}
	for i, entry := range n.entries {
		value, stays := after[entry.name]
		if !stays {
			e.forget(entry.value)
			continue
		}
		known[entry.name] = true
		text := e.flowEntry(n, entry, before[entry.name], value)
		if e.oneLine(entry.value) {
			text = e.arrivals(value, entry.start) + text
		}
		parts = append(parts, part{i, text})
	}
	added := map[string]any{}
	for key, value := range after {
		if !known[key] {
			added[key] = value
		}
	}
	r := e.flowRenderer(n.entries[0].start, e.oneLine(n))
	for _, key := range sortedKeys(added, false, nil) {
		parts = append(parts, part{-1, e.arrivals(added[key], n.entries[0].start) + r.pair(key, added[key], model{})})
	}
	return e.assemble(n, parts)
}

// flowEntry returns the text of a key and its value, or of an element.
func (e *editor) flowEntry(n *node, entry entry, before, after any) string {
	text := e.flow(entry.value, before, after, e.oneLine(n))
	if entry.key != nil && entry.value.start == entry.value.end && text != "" { // {a} or {a: }
		return string(e.raw[entry.start:entry.key.end]) + ": " + text
	}
	return string(e.raw[entry.start:entry.value.start]) + text
}

func (e *editor) flowSequence(n *node, before, after []any) string {
	from := pair(before, after)
	stays := make([]bool, len(before))
	for _, source := range from {
		if source >= 0 {
			stays[source] = true
		}
	}
	for i, entry := range n.entries {
		if !stays[i] {
			e.forget(entry.value)
		}
	}
	r := e.flowRenderer(n.entries[0].start, e.oneLine(n))
	parts := make([]part, 0, len(after))
	for i, source := range from {
		if source < 0 {
			text := r.value(after[i], true, e.modelOf(after[i]))
			if !e.oneLine(n) {
				text = e.arrivals(after[i:i+1], n.entries[0].start) + text
			}
			parts = append(parts, part{-1, text})
			continue
		}
		parts = append(parts, part{source, e.flowEntry(n, n.entries[source], before[source], after[i])})
	}
	return e.assemble(n, parts)
}

// assemble puts entries in brackets again, with what stood between them.
func (e *editor) assemble(n *node, parts []part) string {
	last := len(n.entries) - 1
	closing := string(e.raw[n.entries[last].value.end:n.end])
	separator := e.separator(n)
	stays := map[int]bool{}
	for _, p := range parts {
		stays[p.source] = true
	}
	var out strings.Builder
	out.WriteString(e.opening(n, parts[0].source))
	for i, p := range parts {
		if i > 0 {
			switch before := parts[i-1].source; {
			case before >= 0 && before < last:
				out.WriteString(e.gap(n, stays, before, p.source))
			case before == last && strings.Contains(closing, "#"):
				// The comment behind the old last entry stays there.
				comment, rest, _ := strings.Cut(closing, "\n")
				if !strings.HasPrefix(strings.TrimLeft(comment, " \t"), ",") {
					out.WriteString(",")
				}
				out.WriteString(strings.TrimRight(comment, "\r"))
				out.WriteString(e.nl + e.indentation(n.entries[0].start))
				closing = e.nl + rest
			default:
				out.WriteString(separator)
			}
		}
		// Comments of an entry from another list begin with a line break.
		if line := e.nl + e.indentation(n.entries[0].start); strings.HasSuffix(out.String(), line) {
			p.text = strings.TrimPrefix(p.text, line)
		}
		out.WriteString(p.text)
	}
	out.WriteString(e.closing(n, parts[len(parts)-1].source, closing))
	return out.String()
}

// closing is what stands behind the last entry, which was the one at an index. A comment behind one that is gone goes too,
// unless it stands in a line of its own; one behind the entry that is the last now stays.
func (e *editor) closing(n *node, source int, closing string) string {
	last := len(n.entries) - 1
	if source < 0 || source == last {
		return closing
	}
	end := n.entries[source].value.end
	behind := string(e.raw[end:e.gapBreak(end, n.entries[source+1].start)])
	if !strings.Contains(behind, "#") && (e.leaving[n.entries[last].value] == nil || !strings.Contains(closing, "#")) {
		return closing
	}
	_, rest, found := strings.Cut(closing, "\n")
	if !found {
		rest = e.indentation(n.start) + strings.TrimLeft(closing, ", \t")
	}
	return strings.TrimRight(behind, " \t") + e.nl + rest
}

// opening is the bracket and what stands between it and the first entry, which was the one at an index; -1: it is new.
func (e *editor) opening(n *node, first int) string {
	if first > 0 {
		if from := e.gapBreak(n.entries[first-1].value.end, n.entries[first].start); from < n.entries[first].start {
			return string(e.raw[n.body:n.body+1]) + string(e.raw[from:n.entries[first].start])
		}
	}
	return string(e.raw[n.body:n.entries[0].start])
}

// gap is what stands behind an entry and in front of the next one that stays: what stood behind the one, and in front of
// the other. Of an entry that is gone nothing is left; next is -1 for a new one.
func (e *editor) gap(n *node, stays map[int]bool, before, next int) string {
	end, start := n.entries[before].value.end, n.entries[before+1].start
	divided := e.gapBreak(end, start)
	if divided == start || stays[before+1] {
		return string(e.raw[end:start])
	}
	behind := string(e.raw[end:divided])
	if next < 0 {
		return behind + e.nl + e.indentation(start)
	}
	return behind + string(e.raw[e.gapBreak(n.entries[next-1].value.end, n.entries[next].start):n.entries[next].start])
}

// separator is what stands between a new entry and the one in front of it.
func (e *editor) separator(n *node) string {
	first := n.entries[0].start
	if bytes.IndexByte(e.raw[n.body:first], '\n') >= 0 {
		return "," + e.nl + e.indentation(first)
	}
	if len(n.entries) > 1 {
		between := e.raw[n.entries[0].value.end:n.entries[1].start]
		if bytes.ContainsRune(between, ',') && !bytes.ContainsAny(between, "\n#") {
			return string(between)
		}
	}
	return e.style.comma
}

// indentation returns the blanks that the line of a position begins with.
func (t *text) indentation(pos int) string {
	line := t.raw[t.lineStart(pos):t.lineEnd(pos)]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// flowRenderer renders in the style of the text around a position, or in one line.
func (e *editor) flowRenderer(pos int, inLine bool) *flowRenderer {
	r := &flowRenderer{json: e.json, style: e.style, nl: e.nl, indent: e.indentation(pos)}
	if inLine {
		r.style.tab = ""
	}
	return r
}
