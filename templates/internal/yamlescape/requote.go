package yamlescape

import (
	"strings"
	"text/template/parse"
)

// Single quotes cannot hold every string: they have no escapes, and a line break in them is folded. So a single-quoted
// scalar with an interpolation in it is made a double-quoted one, in the text of the template. This file finds which
// characters those are, and changes them.

// quoteID numbers the single quotes that open a scalar, from 1; 0 is one that cannot be changed.
type quoteID int32

// other is the owner of a character that is in no single-quoted scalar, or in several.
const other quoteID = -1

// position is a character of a template's text.
type position struct {
	node   *parse.TextNode
	offset int
}

// quotes holds what is known about single-quoted scalars.
type quotes struct {
	ids     map[position]quoteID
	opening map[quoteID]position
	// owners holds, for each byte of a text, the scalar that it stands in.
	owners map[*parse.TextNode][]quoteID
	// spoiled are those that cannot be changed: not all of their text stands in them on all paths.
	spoiled map[quoteID]bool
}

func newQuotes() quotes {
	return quotes{map[position]quoteID{}, map[quoteID]position{}, map[*parse.TextNode][]quoteID{}, map[quoteID]bool{0: true}}
}

// id returns the number of the quote at a position.
func (q *quotes) id(at position) quoteID {
	if at.node == nil {
		return 0
	}
	if q.ids[at] == 0 {
		q.ids[at] = quoteID(len(q.ids) + 1)
		q.opening[q.ids[at]] = at
	}
	return q.ids[at]
}

// record notes which scalar the character at a position stands in, given the states before and behind it.
func (q *quotes) record(at position, before, behind state) {
	owner := other
	switch {
	case before.mode == single || before.mode == singleQuote && behind.mode == single:
		owner = before.quote
	case behind.mode == single:
		owner = behind.quote
	}
	if at.node == nil || before.mode == singleQuote && behind.mode == single && at.offset == 0 {
		q.spoil(owner) // no text of the template, or the second of two quotes that stand apart
	}
	if at.node == nil {
		return
	}
	owners := q.owners[at.node]
	if owners == nil {
		owners = make([]quoteID, len(at.node.Text))
		q.owners[at.node] = owners
	}
	if known := owners[at.offset]; known != 0 && known != owner {
		q.spoil(known)
		q.spoil(owner)
		owner = other
	}
	owners[at.offset] = owner
}

func (q *quotes) spoil(id quoteID) {
	if id != other {
		q.spoiled[id] = true
	}
}

// requote makes the single-quoted scalars that actions stand in double-quoted ones, and the actions' contexts with them.
// What cannot be changed stays.
func (w *walker) requote() {
	for spoiled := -1; spoiled != len(w.quotes.spoiled); {
		spoiled = len(w.quotes.spoiled)
		for _, a := range w.actions {
			if a.err == nil && a.context.kind == singleQuoted && w.spoils(a) {
				for id := range a.quotes {
					w.quotes.spoil(id)
				}
			}
		}
	}
	chosen := map[quoteID]bool{}
	for _, a := range w.actions {
		if a.context.kind == singleQuoted && !w.spoils(a) {
			a.context.kind = doubleQuoted
			for id := range a.quotes {
				chosen[id] = true
			}
		}
	}
	if len(chosen) == 0 {
		return
	}
	for node := range w.quotes.owners {
		w.quotes.rewrite(node, chosen)
	}
}

// spoils says whether an action keeps the scalars that it stands in from being changed.
func (w *walker) spoils(a *action) bool {
	for id := range a.quotes {
		if w.quotes.spoiled[id] {
			return true
		}
	}
	return false
}

// rewrite changes those characters of a text that stand in one of the chosen scalars.
func (q *quotes) rewrite(node *parse.TextNode, chosen map[quoteID]bool) {
	owners := q.owners[node]
	var b strings.Builder
	for i := 0; i < len(node.Text); i++ {
		c, owner := node.Text[i], owners[i]
		switch {
		case !chosen[owner]:
			b.WriteByte(c)
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c != '\'':
			b.WriteByte(c)
		case q.opening[owner] != position{node, i} && i+1 < len(owners) && owners[i+1] == owner && node.Text[i+1] == '\'':
			b.WriteByte('\'')
			i++
		default: // it opens or closes the scalar
			b.WriteByte('"')
		}
	}
	node.Text = []byte(b.String())
}
