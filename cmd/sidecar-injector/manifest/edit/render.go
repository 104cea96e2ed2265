package edit

import (
	"bytes"
	"slices"
	"strings"
)

// style is how a text is laid out.
type style struct {
	step int // columns by which a mapping is indented in another
	list int // columns by which the dashes of a list are indented under its key
	// JSON and what is in brackets: what stands between entries, and between key and value; tab is the indentation of a
	// level, empty if JSON is written in one line.
	comma, colon, tab string
}

// styleOf finds out how most of a text is laid out.
func styleOf(t *text, root *node, isJSON bool) style {
	s := style{step: 2, comma: ", ", colon: ": "}
	if isJSON {
		s.json(t, root)
		return s
	}
	steps, lists := map[int]int{}, map[int]int{}
	countStyle(root, steps, lists)
	s.step, s.list = most(steps, s.step), most(lists, s.list)
	return s
}

// most returns what was counted most often, the smallest of several, or if nothing was counted what is usual.
func most(counts map[int]int, usual int) int {
	best := usual
	for columns, count := range counts {
		if count > counts[best] || count == counts[best] && columns < best {
			best = columns
		}
	}
	return best
}

// countStyle counts the columns by which mappings and lists are indented under their keys.
func countStyle(n *node, steps, lists map[int]int) {
	for _, entry := range n.entries {
		child := entry.value
		if n.kind == mappingNode && !n.flow && !child.flow && len(child.entries) > 0 {
			columns := child.indent - n.indent
			if child.kind == mappingNode && columns > 0 {
				steps[columns]++
			} else if child.kind == sequenceNode && columns >= 0 {
				lists[columns]++
			}
		}
		countStyle(child, steps, lists)
	}
}

// json finds the style of a JSON text.
func (s *style) json(t *text, root *node) {
	if len(root.entries) == 0 {
		return
	}
	first := root.entries[0]
	if gap := t.raw[root.body+1 : first.start]; bytes.IndexByte(gap, '\n') >= 0 {
		s.tab = string(gap[bytes.LastIndexByte(gap, '\n')+1:])
		if s.tab == "" {
			s.tab = "  "
		}
	}
	if gap := t.raw[first.key.end:first.value.start]; bytes.Equal(gap, []byte(":")) {
		s.colon = ":"
		s.comma = ","
	}
}

// model is a value that is written anew: its text before, which gives the order of keys and, where nothing changed, the
// text itself. The zero value is none.
type model struct {
	node  *node
	value any
}

// entry is the model of a mapping's key.
func (m model) entry(key string) model {
	before, _ := m.value.(map[string]any)
	if m.node != nil && m.node.kind == mappingNode {
		for _, entry := range m.node.entries {
			if value, ok := before[key]; ok && entry.name == key {
				return model{entry.value, value}
			}
		}
	}
	return model{}
}

// elements are the models of a list's elements.
func (m model) elements(after []any) []model {
	models := make([]model, len(after))
	before, _ := m.value.([]any)
	if m.node == nil || m.node.kind != sequenceNode || len(m.node.entries) != len(before) {
		return models
	}
	for i, source := range pair(before, after) {
		if source >= 0 {
			models[i] = model{m.node.entries[source].value, before[source]}
		}
	}
	return models
}

// renderer writes values in block style. Its lines have no line breaks.
type renderer struct {
	text  *text
	style style
	// editor knows what moves; nil: nothing does.
	editor *editor
}

// mapping returns the lines of a mapping whose keys stand at indent. named puts the name first, as people do in lists.
func (r *renderer) mapping(object map[string]any, indent int, named bool, m model) []string {
	var lines []string
	for _, key := range sortedKeys(object, named, m.node) {
		inline, rest := r.value(object[key], indent, false, m.entry(key))
		lines = append(lines, strings.Repeat(" ", indent)+scalarText(key, false)+":"+inline)
		lines = append(lines, rest...)
	}
	return lines
}

// sequence returns the lines of a list whose dashes stand at indent.
func (r *renderer) sequence(list []any, indent int, m model) []string {
	var lines []string
	models := m.elements(list)
	for i, element := range list {
		if m := r.editor.moving(element); m != nil {
			lines = append(lines, r.moved(m, indent)...)
			continue
		}
		inline, rest := r.value(element, indent, true, models[i])
		lines = append(lines, strings.Repeat(" ", indent)+"-"+inline)
		lines = append(lines, rest...)
	}
	return lines
}

// value returns what stands behind a colon or, for an item, a dash, and the lines below. indent is the column of the
// collection that the value stands in.
func (r *renderer) value(value any, indent int, item bool, m model) (inline string, rest []string) {
	if text, ok := r.asBefore(value, m); ok {
		return text, nil
	}
	var lines []string
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 {
			return " {}", nil
		}
		if !item {
			return "", r.mapping(value, indent+r.style.step, false, m)
		}
		lines = r.mapping(value, indent+2, true, m)
	case []any:
		if len(value) == 0 {
			return " []", nil
		}
		if !item {
			return "", r.sequence(value, indent+r.style.list, m)
		}
		lines = r.sequence(value, indent+2, m)
	case string:
		if strings.Contains(value, "\n") {
			return multilineText(value, indent)
		}
		return " " + scalarText(value, false), nil
	default:
		return " " + scalarText(value, false), nil
	}
	return lines[0][indent+1:], lines[1:]
}

// asBefore returns the text of a value that is the same as it was and stood in one line in brackets.
func (r *renderer) asBefore(value any, m model) (string, bool) {
	if m.node == nil || !equal(m.value, value) || m.node.hasAlias || m.node.hasAnchor || !r.text.oneLine(m.node) ||
		m.node.kind != scalarNode && (!m.node.flow || m.node.odd) || m.node.end-m.node.start > maxLine/2 {
		return "", false
	}
	raw := r.text.raw[m.node.start:m.node.end]
	if len(raw) == 0 {
		return "", true
	}
	if raw[0] == '|' || raw[0] == '>' {
		return "", false
	}
	return " " + string(raw), true
}

// sortedKeys returns the keys of an object: those that a node has in its order, the others in alphabetical order.
func sortedKeys(object map[string]any, named bool, like *node) []string {
	keys := make([]string, 0, len(object))
	if like != nil && like.kind == mappingNode {
		for _, entry := range like.entries {
			if _, ok := object[entry.name]; ok && !entry.merge && !slices.Contains(keys, entry.name) {
				keys = append(keys, entry.name)
			}
		}
	}
	known := len(keys)
	for key := range object {
		if !slices.Contains(keys[:known], key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys[known:])
	if at := slices.Index(keys, "name"); named && known == 0 && at > 0 {
		copy(keys[1:at+1], keys[:at])
		keys[0] = "name"
	}
	return keys
}
