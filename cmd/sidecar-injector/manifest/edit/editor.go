package edit

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// editor collects the edits of one text. It walks the tree in the order of the text, so that an anchor is decided on
// before its aliases are.
type editor struct {
	text
	json   bool
	top    *node // the document's own object
	style  style
	edits  []change
	values map[*node]any  // what anchored nodes hold now, where they were visited
	gone   map[*node]bool // anchored nodes whose text is no longer there
	// moves are the elements that arrive in a list from another one, by identity, and leaving the same by their old nodes. No
	// text moves if they are nil.
	moves   map[uintptr]*moved
	leaving map[*node]*moved
}

// change is a stretch of the text and what takes its place.
type change struct {
	start, end int
	text       string
}

// newEditor returns an editor; moving says whether elements take their text along into other lists.
func newEditor(raw []byte, root *node, isJSON, moving bool) *editor {
	e := &editor{text: text{raw: raw, nl: lineBreak(raw)}, json: isJSON, top: root, values: map[*node]any{}, gone: map[*node]bool{}}
	if moving {
		e.moves, e.leaving = map[uintptr]*moved{}, map[*node]*moved{}
	}
	e.style = styleOf(&e.text, root, isJSON)
	return e
}

// root edits the document's own object.
func (e *editor) root(n *node, before, after map[string]any) error {
	switch {
	case n.kind != mappingNode:
		return errCannotEdit
	case n.flow:
		text := e.flow(n, before, after, false)
		if !e.json && e.tooLong(n, text) && e.column(n.start) == 0 {
			r := e.renderer()
			text = joinLines(r.mapping(after, 0, false, model{n, before}), e.nl)
		}
		e.replace(n.start, n.end, text)
		return nil
	case !e.editable(n, before, after):
		return errCannotEdit
	}
	e.mapping(n, before, after)
	return nil
}

// replace puts text in the place of a stretch; an empty stretch is where it is put in. What is put in at one place
// stands there in the order of the calls.
func (e *editor) replace(start, end int, text string) {
	e.edits = append(e.edits, change{start, end, text})
}

// closeLast lets the block scalar that the text ends with go without the line break that it gets when something is put
// in behind it.
func (e *editor) closeLast() {
	last := e.top.last()
	behind := false
	for _, c := range e.edits {
		behind = behind || c.start == len(e.raw)
		if c.start <= last.body && c.end > last.body {
			return
		}
	}
	if last.open && behind {
		header := e.header(last.body)
		e.replace(last.body, last.body+len(header), strings.TrimSuffix(header, "+")+"-")
	}
}

func (e *editor) renderer() renderer { return renderer{text: &e.text, style: e.style, editor: e} }

// result applies the edits.
func (e *editor) result() ([]byte, error) {
	e.closeLast()
	return e.between(0, len(e.raw))
}

// between applies the edits to a stretch of the text, in which all of them are.
func (e *editor) between(start, end int) ([]byte, error) {
	slices.SortStableFunc(e.edits, func(a, b change) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		// What is put in stands in front of what is cut out.
		return cmp.Compare(min(a.end-a.start, 1), min(b.end-b.start, 1))
	})
	size := end - start
	for _, c := range e.edits {
		size += len(c.text)
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	at := start
	for _, c := range e.edits {
		if c.start < start || c.end > end {
			return nil, errCannotEdit
		}
		// What is put in may stand in the blank lines that something in front of it is cut out with.
		if c.start < at && c.text != "" && c.start != c.end {
			return nil, errCannotEdit
		}
		out.Write(e.raw[at:max(at, c.start)])
		out.WriteString(c.text)
		at = max(at, c.end)
	}
	out.Write(e.raw[at:end])
	return out.Bytes(), nil
}
