package edit

import (
	"bytes"
)

type kind int

const (
	scalarNode kind = iota
	mappingNode
	sequenceNode
	aliasNode
)

// node is a node of a document and where its text stands.
type node struct {
	kind kind
	// flow is for collections in brackets, and everything in JSON.
	flow bool
	// The text is raw[start:end]; in front of body stand the anchor and the tag. A value that is left out has no text.
	start, body, end int
	// indent is the column of the keys or dashes of a block collection.
	indent  int
	entries []entry
	// value is what a scalar of YAML stands for.
	value string
	// open is for a block scalar that ends with the text, without a line break: it has none in its value either.
	open bool
	// odd says that the entries of a collection cannot be edited one by one.
	odd bool
	// target is what an alias stands for.
	target *node
	// anchored, hasAnchor and hasAlias say what this node is, or what it or something in it is.
	anchored, hasAnchor, hasAlias bool
}

// last is the node that the text of n ends with.
func (n *node) last() *node {
	for len(n.entries) > 0 {
		n = n.entries[len(n.entries)-1].value
	}
	return n
}

// entry is a key with its value, or an element of a list.
type entry struct {
	// start is where the key or the dash begins, after where the colon or the dash ends. In lists in brackets, both are
	// the start of the value.
	start, after int
	key          *node
	name         string
	merge        bool
	value        *node
}

// text is a document's text and where its lines begin.
type text struct {
	raw []byte
	// nl is the line break that the text uses.
	nl string
}

func lineBreak(raw []byte) string {
	if at := bytes.IndexByte(raw, '\n'); at > 0 && raw[at-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// lineStart returns where the line of pos begins.
func (t *text) lineStart(pos int) int {
	return bytes.LastIndexByte(t.raw[:pos], '\n') + 1
}

// lineEnd returns where the line of pos ends, in front of its line break.
func (t *text) lineEnd(pos int) int {
	end := bytes.IndexByte(t.raw[pos:], '\n')
	if end < 0 {
		return len(t.raw)
	}
	end += pos
	if end > pos && t.raw[end-1] == '\r' {
		end--
	}
	return end
}

// lineBefore returns the end of the line in front of the one that begins at start.
func (t *text) lineBefore(start int) int {
	end := start - 1
	if end > 0 && t.raw[end-1] == '\r' {
		end--
	}
	return end
}

// column returns the column of pos, in bytes.
func (t *text) column(pos int) int { return pos - t.lineStart(pos) }

// beginsLine says whether nothing but spaces stands in front of pos in its line.
func (t *text) beginsLine(pos int) bool {
	return len(bytes.TrimLeft(t.raw[t.lineStart(pos):pos], " ")) == 0
}

// oneLine says whether a node has no line break in it.
func (t *text) oneLine(n *node) bool { return bytes.IndexByte(t.raw[n.start:n.end], '\n') < 0 }

// head returns where the comment lines begin that stand directly in front of an entry, at its column and no higher
// than floor; without any, where the entry's line begins.
func (t *text) head(start, floor int) int {
	column, at := t.column(start), t.lineStart(start)
	for at > 0 {
		above := t.lineStart(at - 1)
		line := t.raw[above:t.lineBefore(at)]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		if above < floor || spaces != column || spaces >= len(line) || line[spaces] != '#' {
			return at
		}
		at = above
	}
	return at
}
