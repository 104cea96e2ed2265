package yamlescape

// state is what the text of a YAML document up to some point says about the text that follows. It is comparable, so
// that a set of states is a map. Fields that a mode does not use are zero.
type state struct {
	mode mode
	// flow is how many flow collections ([…], {…}) are open.
	flow int16
	// indent is the column of the innermost block collection, that is of its keys or dashes; -1 if there is none.
	indent int16
	// col is the column reached, for modes at the start of a line; the column where the token began, for modes in and
	// after a token; unknown if it depends on a value.
	col int16
	// width is the indentation of a block scalar; in blockFirst that of its widest blank line, in blockHead the
	// explicit one, and in marker the number of characters. 0 is none yet.
	width int16
	// line says that nothing but blanks stands before the token, or before the next one, on its line.
	line bool
	// last is the character before, as far as it matters: a blank ' ', a colon ':', the character of a marker, '#' for
	// a comment behind a block scalar's header, else 0.
	last byte
	// folded says that a block scalar is one of '>'.
	folded bool
	// literal says that the plain scalar has text of the template in it, so that it is not empty.
	literal bool
	// action is the interpolation that is the token before (after, plainLine), or the last one of a plain scalar that
	// has nothing but interpolations so far (plain); 0 if there is none.
	action actionID
	// sealed says that action yields marked text for certain.
	sealed bool
	// quote is the quote that opened a single-quoted scalar.
	quote quoteID
}

// mode is the lexical class of a position.
type mode uint8

const (
	between      mode = iota // before a token, or at the start of a line
	marker                   // in a run of the same one of - . ? : that began a token
	plain                    // in a plain scalar
	plainLine                // at the start of a line behind a plain scalar, which may go on
	after                    // behind a token: a quoted scalar, a flow collection or an interpolation
	double                   // in a double-quoted scalar
	doubleEscape             // in it, behind a backslash
	single                   // in a single-quoted scalar
	singleQuote              // in it, behind a quote, which may be the first of two
	comment                  // in a comment
	property                 // in an anchor, an alias or a tag
	directive                // in a line that begins with %
	blockHead                // in the first line of a block scalar, which says how it is to be read
	blockFirst               // at the start of a line of a block scalar whose indentation is not known yet
	blockLine                // at the start of a line of a block scalar, before its indentation is reached
	blockText                // in a line of a block scalar
)

const (
	// unknown is a column that depends on a value.
	unknown int16 = -1
	// maxCol is the column from which columns are unknown, so that to follow a loop that prints blanks has an end.
	maxCol int16 = 200
	// maxFlow is the depth from which flow collections are taken for ones without an end, for the same reason.
	maxFlow int16 = 50
)

// start is the state at the beginning of a document.
func start() state { return state{mode: between, line: true, indent: -1} }

// newLine returns the state at the start of the next line, where no scalar is open.
func (s state) newLine() state {
	return state{mode: between, line: s.flow == 0, flow: s.flow, indent: s.indent}.inFlow()
}

// inFlow drops what does not matter in a flow collection.
func (s state) inFlow() state {
	if s.flow > 0 {
		s.line, s.col = false, unknown
	}
	return s
}

// token returns the state inside or behind a token that begins here.
func (s state) token(m mode) state {
	return state{mode: m, flow: s.flow, indent: s.indent, col: s.col, line: s.line}
}

// behind returns the state before the next token on the same line.
func (s state) behind() state {
	return state{mode: between, flow: s.flow, indent: s.indent, col: unknown}
}

// right returns the column after one more character.
func (s state) right() int16 {
	if s.col == unknown || s.col >= maxCol {
		return unknown
	}
	return s.col + 1
}

// blockIndent returns the indentation of a block scalar whose first text stands at s.col.
func (s state) blockIndent() int16 {
	if s.col == unknown {
		return unknown
	}
	return max(s.width, s.indent+1, 1, s.col)
}

// ended says whether text at this point of a line is behind the block scalar, no longer in it.
func (s state) ended() bool {
	switch {
	case s.col == unknown:
		return false
	case s.width == unknown:
		return s.col <= s.indent
	}
	return s.mode == blockLine || s.mode == blockFirst && s.col < s.blockIndent()
}

// goesOn says whether a plain scalar goes on with a character at s.col of the line after it.
func (s state) goesOn() bool { return s.flow > 0 || s.col == unknown || s.col > s.indent }

// asPlain returns the state in the plain scalar that a marker turns out to be, or that an interpolation is a part of.
func (s state) asPlain() state {
	p := s.token(plain)
	p.literal, p.action = s.action == 0, s.action
	if s.last == ':' || s.last == ' ' {
		p.last = s.last
	}
	return p
}

// fresh returns the state at this point of a line on which no scalar goes on.
func (s state) fresh() state {
	return state{mode: between, flow: s.flow, indent: s.indent, col: s.col, line: s.flow == 0}.inFlow()
}

// continued returns the state in a plain scalar that goes on here. It can no longer be a key.
func (s state) continued() state {
	return state{mode: plain, flow: s.flow, indent: s.indent, col: unknown, literal: true}
}
