package yamlescape

import (
	"cmp"
	"fmt"
)

// context is where an interpolation stands: all that its escape depends on. Fields that a kind does not use are zero.
type context struct {
	kind kind
	// flow says that it stands in a flow collection.
	flow bool
	// col is the column where the value begins, or unknown.
	col int16
	// width is the indentation of a block scalar.
	width int16
	// first says that the value begins the first line of a block scalar and so fixes the scalar's indentation.
	first bool
	// folded says that the block scalar is one of '>'.
	folded bool
	// part says what else holds for a part of a plain scalar.
	part part
}

// kind is a class of places that need the same escape.
type kind uint8

const (
	unreached    kind = iota
	wholeValue        // a whole value, alone
	wholeKey          // a whole key
	wholeLine         // alone at the start of a line
	nextLine          // a value that brings its own line break, of which what stands before does not matter
	endOfToken        // behind a token that is complete
	plainPart         // a part of a plain scalar
	doubleQuoted      // in double quotes
	singleQuoted      // in single quotes
	blockScalar       // in a block scalar
	commentText       // in a comment
)

func (k kind) String() string {
	return [...]string{
		"text that is never reached", "a plain value", "a key", "a line of its own", "the lines that follow",
		"the end of a value", "a part of a plain value", "double quotes", "single quotes", "a block scalar", "a comment",
	}[k]
}

// part says what a part of a plain scalar must not be, beyond what no part may be.
type part uint8

const (
	partFirst    part = 1 << iota // it may begin the scalar, so it must not begin with an indicator
	partAlone                     // it may be the scalar, or its end, with no literal text: so it must not make a null
	partNotEmpty                  // what stands around it would be no scalar without it
	partBlank                     // a blank stands before it, and would make '#' a comment
)

// join returns the context of an interpolation that stands in both. It fails if they need different escapes.
func (c context) join(d context) (context, error) {
	switch {
	case c.kind == unreached:
		return d, nil
	case d.kind == unreached || c == d:
		return c, nil
	case c.kind != d.kind:
		c, d = c.asPart(), d.asPart()
	}
	different := fmt.Errorf("stands in %s and in %s, which need different escapes", c.kind, d.kind)
	switch {
	case c.kind != d.kind:
		return context{}, different
	case c.kind == blockScalar && c.width != d.width:
		return context{}, fmt.Errorf("stands in block scalars of different indentation: %d and %d", c.width, d.width)
	case c.col != d.col:
		c.col = unknown
	}
	c.flow = c.flow || d.flow
	c.first = c.first || d.first
	c.folded = c.folded || d.folded
	c.part |= d.part
	return c, nil
}

// compare orders contexts by what errors say of them.
func (c context) compare(d context) int {
	return cmp.Or(cmp.Compare(c.kind, d.kind), cmp.Compare(c.width, d.width), cmp.Compare(c.col, d.col))
}

// asPart returns the strictest of the escapes that are right for a whole value: that of a part which is all there is.
func (c context) asPart() context {
	switch c.kind {
	case wholeValue, wholeKey, wholeLine:
		return context{kind: plainPart, flow: c.flow, part: partFirst | partAlone | partNotEmpty}
	}
	return c
}
