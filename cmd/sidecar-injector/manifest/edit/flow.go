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
	var parts []part
	known := map[string]bool{}
	for i, entry := range n.entries {
		value, stays := after[entry.name]
		if !stays {
			e.forget(entry.value)
			continue
		}
		known[entry.name] = true
		parts = append(parts, part{i, e.flowEntry(n, entry, before[entry.name], value)})
	}
	added := map[string]any{}
	for key, value := range after {
		if !known[key] {
			added[key] = value
		}
	}
	r := e.flowRenderer(n.entries[0].start, e.oneLine(n))
	for _, key := range sortedKeys(added, false, nil) {
		parts = append(parts, part{-1, r.pair(key, added[key], model{})})
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
			parts = append(parts, part{-1, r.value(after[i], true, model{})})
			continue
		}
		parts = append(parts, part{source, e.flowEntry(n, n.entries[source], before[source], after[i])})
	}
	return e.assemble(n, parts)
}

// assemble puts entries in brackets again, with what stood between them.
func (e *editor) assemble(n *node, parts []part) string {
	last := len(n.entries) - 1
	opening := string(e.raw[n.body:n.entries[0].start])
	closing := string(e.raw[n.entries[last].value.end:n.end])
	separator := e.separator(n)
	var out strings.Builder
	out.WriteString(opening)
	for i, p := range parts {
		if i > 0 {
			switch before := parts[i-1].source; {
			case before >= 0 && before < last:
				out.Write(e.raw[n.entries[before].value.end:n.entries[before+1].start])
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
		out.WriteString(p.text)
	}
	out.WriteString(closing)
	return out.String()
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
