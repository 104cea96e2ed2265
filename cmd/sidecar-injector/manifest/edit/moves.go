package edit

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
)

// Injection moves an author's own container from one list to the other, and removal moves it back. Its text goes with it,
// comments, quotes and order of keys: from block to block the lines themselves, edited and indented anew; where brackets
// are involved the container is written anew, with its comments in front of it.

// moved is an element of a list that is wanted in another list of the same object.
type moved struct {
	list   *node
	index  int
	before any
	after  any
	// parent is the mapping that the list stands in, and key its index there, if the list is gone and the element is the one
	// that takes the comments of the key along; nil otherwise.
	parent *node
	key    int
}

// movedLists are the lists between which elements move.
var movedLists = [][2]string{{"containers", "initContainers"}, {"initContainers", "containers"}}

// findMoves notes the elements that move between lists of a mapping.
func (e *editor) findMoves(n *node, before, after map[string]any) {
	if e.json || e.moves == nil {
		return
	}
	for _, lists := range movedLists {
		from, to := lists[0], lists[1]
		was, _ := before[from].([]any)
		stays, _ := after[from].([]any)
		arrived, _ := after[to].([]any)
		at := slices.IndexFunc(n.entries, func(entry entry) bool { return entry.name == from })
		if at < 0 || n.entries[at].value.kind != sequenceNode || len(n.entries[at].value.entries) != len(was) {
			continue
		}
		there, _ := before[to].([]any)
		_, listStays := after[from]
		for _, element := range arrived {
			name, source := nameOf(element), indexOf(was, nameOf(element))
			if name == "" || source < 0 || indexOf(stays, name) >= 0 || indexOf(there, name) >= 0 {
				continue
			}
			move := &moved{list: n.entries[at].value, index: source, before: was[source], after: element}
			if !listStays {
				move.parent, move.key, listStays = n, at, true
			}
			e.moves[identity(element)] = move
			e.leaving[move.list.entries[source].value] = move
		}
	}
}

func nameOf(element any) string {
	object, _ := element.(map[string]any)
	name, _ := object["name"].(string)
	return name
}

func indexOf(list []any, name string) int {
	return slices.IndexFunc(list, func(element any) bool { return nameOf(element) == name })
}

// identity tells an object from all others, equal ones too.
func identity(object any) uintptr {
	if object, ok := object.(map[string]any); ok {
		return reflect.ValueOf(object).Pointer()
	}
	return 0
}

// lines returns a moved element's own lines, edited, for a block list whose dashes stand at indent; without them, nil: it
// is written anew.
func (e *editor) movedLines(m *moved, indent int) []string {
	entry := m.list.entries[m.index]
	if m.list.flow || entry.value.hasAnchor || entry.value.hasAlias || !e.beginsLine(entry.start) {
		return nil
	}
	start, end := e.head(entry.start, e.floor(m.list, m.index)), e.footEnd(entry)
	inner := &editor{text: e.text, top: e.top, style: e.style, values: map[*node]any{}, gone: map[*node]bool{}}
	inner.value(entry.value, slot{entry.after, m.list.indent, true}, m.before, m.after)
	text, err := inner.between(start, end)
	if err != nil {
		return nil
	}
	lines := shifted(strings.Split(string(text), e.nl), indent-m.list.indent)
	if m.parent == nil {
		return lines
	}
	first, _ := e.extent(m.parent, m.key)
	return append(indented(e.commentsIn(first, start, m.parent.entries[m.key]), indent), lines...)
}

// floor is where comments in front of an entry of a block list begin at the highest.
func (e *editor) floor(list *node, index int) int {
	if index == 0 {
		return 0
	}
	return e.afterLine(list.entries[index-1].value.end)
}

// footEnd returns the end of the last line of an entry of a block list, comments below it included that are indented more
// than its dash.
func (e *editor) footEnd(entry entry) int {
	end := e.lineEnd(entry.value.end)
	column := e.column(entry.start)
	for end < len(e.raw) {
		start := e.afterLine(end)
		line := e.raw[start:e.lineEnd(start)]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		if spaces <= column || spaces >= len(line) || line[spaces] != '#' {
			break
		}
		end = e.lineEnd(start)
	}
	return end
}

// shifted indents lines by so many columns more, or less.
func shifted(lines []string, columns int) []string {
	for i, line := range lines {
		switch {
		case line == "":
		case columns > 0:
			lines[i] = strings.Repeat(" ", columns) + line
		default:
			spaces := len(line) - len(strings.TrimLeft(line, " "))
			lines[i] = line[min(-columns, spaces):]
		}
	}
	return lines
}

// movedComments are the comments of a moved element, in order.
func (e *editor) movedComments(m *moved) []string {
	list, index := m.list, m.index
	if m.parent != nil {
		list, index = m.parent, m.key
	}
	start, end := e.extent(list, index)
	return e.commentsIn(start, end, list.entries[index])
}

// extent is what goes with an entry: the comment lines in front of it, and what stands behind it in its line, or below it
// with more indentation.
func (e *editor) extent(n *node, index int) (start, end int) {
	if n.flow {
		return e.stretch(n, index)
	}
	return e.head(n.entries[index].start, e.floor(n, index)), e.endOf(n.entries[index])
}

// commentsIn returns the comments in a stretch of the text, in which an entry stands.
func (e *editor) commentsIn(start, end int, entry entry) []string {
	var scalars [][2]int
	if entry.key != nil {
		collectScalars(entry.key, &scalars)
	}
	collectScalars(entry.value, &scalars)
	var comments []string
	for at := start; at < end; at++ {
		if len(scalars) > 0 && at >= scalars[0][0] {
			at = max(at, scalars[0][1]-1)
			scalars = scalars[1:]
			continue
		}
		if e.raw[at] == '#' && (at == 0 || isBlank(e.raw[at-1]) || isBreak(e.raw[at-1])) {
			line := e.lineEnd(at)
			comments = append(comments, string(e.raw[at:line]))
			at = line
		}
	}
	return comments
}

// indented puts comments into lines.
func indented(comments []string, indent int) []string {
	lines := make([]string, len(comments))
	for i, comment := range comments {
		lines[i] = strings.Repeat(" ", indent) + comment
	}
	return lines
}

// collectScalars collects where the scalars of a node stand, keys too, in order; a block scalar's header is none of it, as
// a comment may stand there.
func collectScalars(n *node, all *[][2]int) {
	if n.kind == scalarNode && n.end > n.body {
		*all = append(*all, [2]int{n.body, n.end})
	}
	for _, entry := range n.entries {
		if entry.key != nil {
			collectScalars(entry.key, all)
		}
		collectScalars(entry.value, all)
	}
}

// stretch is what belongs to an element of a list in brackets: the comment lines in front of it, and what stands behind it
// in its line.
func (e *editor) stretch(list *node, index int) (start, end int) {
	start, end = list.body+1, e.gapBreak(list.entries[index].value.end, list.end-1)
	if index > 0 {
		start = e.gapBreak(list.entries[index-1].value.end, list.entries[index].start)
	}
	if index+1 < len(list.entries) {
		end = e.gapBreak(list.entries[index].value.end, list.entries[index+1].start)
	}
	return start, end
}

// gapBreak is where what stands between two elements is divided: at the end of the first one's line, or where the second
// begins if that is the same line.
func (e *editor) gapBreak(end, next int) int { return min(e.lineEnd(end), next) }

// moving returns how an element comes into its list; nil: it does not come from another one.
func (e *editor) moving(element any) *moved {
	if e == nil {
		return nil
	}
	return e.moves[identity(element)]
}

// arrives says whether an element with comments comes into a list.
func (e *editor) arrives(list any) bool {
	elements, _ := list.([]any)
	return slices.ContainsFunc(elements, func(element any) bool {
		m := e.moving(element)
		return m != nil && len(e.movedComments(m)) > 0
	})
}

// endOf returns where the text of an entry of a block collection ends that is cut out.
func (e *editor) endOf(entry entry) int {
	if e.leaving[entry.value] != nil {
		return e.footEnd(entry)
	}
	if list := entry.value; list.kind == sequenceNode && !list.flow && e.leaving[list.entries[len(list.entries)-1].value] != nil {
		return e.footEnd(list.entries[len(list.entries)-1])
	}
	return e.lineEnd(entry.value.end)
}

// moved returns the lines of an element that comes from another list.
func (r *renderer) moved(m *moved, indent int) []string {
	if lines := r.editor.movedLines(m, indent); lines != nil {
		return lines
	}
	lines := indented(r.editor.movedComments(m), indent)
	own := *r
	own.editor = nil
	inline, rest := own.value(m.after, indent, true, model{m.list.entries[m.index].value, m.before})
	return append(append(lines, strings.Repeat(" ", indent)+"-"+inline), rest...)
}

// modelOf is the model of an element of a list that comes from another one.
func (e *editor) modelOf(element any) model {
	if m := e.moving(element); m != nil {
		return model{m.list.entries[m.index].value, m.before}
	}
	return model{}
}

// arrivals are the comments of the elements that come into a list from another one, in lines of their own in front of
// something in brackets, whose other lines begin where the line of pos does.
func (e *editor) arrivals(list any, pos int) string {
	elements, _ := list.([]any)
	var out strings.Builder
	for _, element := range elements {
		if m := e.moving(element); m != nil {
			for _, comment := range e.movedComments(m) {
				out.WriteString(e.nl + e.indentation(pos) + comment)
			}
		}
	}
	if out.Len() > 0 {
		out.WriteString(e.nl + e.indentation(pos))
	}
	return out.String()
}
