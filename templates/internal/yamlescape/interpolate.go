package yamlescape

import "errors"

var (
	errNoValue = errors.New("stands where YAML has no place for a value: in a tag, an anchor, a directive or an escape, " +
		"or next to the dash that begins a line")
	errTooDeep    = errors.New("is nested deeper than can be followed, or in a loop that nests without an end")
	errKeyAndLine = errors.New("is a key on one path and not on another")
	errMoreOnLine = errors.New("yields lines of YAML, and text follows on the last of them")
)

// site is what an interpolation is besides the state in which it is reached.
type site struct {
	id actionID
	// yields is what its pipeline yields for certain.
	yields yield
	// use is what was seen behind it so far.
	use use
}

// interpolate returns the context of an interpolation in a state, and the states behind it: more than one where it
// makes a difference whether the value is empty.
func (l *lexer) interpolate(s state, at site) (context, []state, error) {
	if s.flow >= maxFlow {
		return context{}, nil, errTooDeep
	}
	if at.yields.newLine && !s.inText() {
		if at.use&useText != 0 {
			return context{}, nil, errMoreOnLine
		}
		return context{kind: nextLine, flow: s.flow > 0}, []state{l.step(s, '\n').filled(at)}, nil
	}
	switch s.mode {
	case between:
		return l.interpolateToken(s, at)
	case marker:
		if s.line && s.col == 0 { // "-" and "--" may become "---"
			return context{}, nil, errNoValue
		}
		p := s.asPlain()
		return context{kind: plainPart, flow: p.flow > 0, part: partNotEmpty}, []state{p.grown()}, nil
	case plain:
		return interpolatePlain(s, at)
	case plainLine:
		if !s.goesOn() {
			return l.interpolate(s.fresh(), at)
		}
		l.use(s.action, useText)
		p := s.continued()
		return context{kind: plainPart, flow: p.flow > 0, part: partFirst | partBlank}, []state{p}, nil
	case after:
		if s.action != 0 {
			l.use(s.action, useText)
			return interpolatePlain(s.asPlain(), at)
		}
		return context{kind: endOfToken}, []state{s}, nil
	case singleQuote:
		return context{kind: endOfToken}, []state{s.token(after)}, nil
	case double:
		return context{kind: doubleQuoted}, []state{s}, nil
	case single:
		return context{kind: singleQuoted}, []state{s}, nil
	case comment:
		return context{kind: commentText}, []state{s}, nil
	case blockFirst, blockLine, blockText:
		return l.interpolateBlock(s, at)
	}
	return context{}, nil, errNoValue
}

// inText says whether a line break here is text, or ends nothing but a line of text.
func (s state) inText() bool {
	switch s.mode {
	case double, doubleEscape, single, blockHead, blockFirst, blockLine, blockText, directive:
		return true
	}
	return false
}

// interpolateToken is for an interpolation where a token may begin.
func (l *lexer) interpolateToken(s state, at site) (context, []state, error) {
	ends, colon, text := at.use&useEnd != 0, at.use&useColon != 0, at.use&useText != 0
	c := context{flow: s.flow > 0, col: s.col}
	switch {
	case text:
		c.kind, c.col, c.part = plainPart, 0, partFirst
		if ends {
			c.part |= partAlone
		}
		if at.use&useBegin != 0 {
			c.part |= partNotEmpty
		}
		p := s.token(plain)
		p.action = at.id
		return c, []state{p}, nil
	case colon && ends:
		return context{}, nil, errKeyAndLine
	case colon:
		c.kind, c.col = wholeKey, 0
		return c, []state{s.filled(at)}, nil
	case s.line:
		c.kind = wholeLine
		return c, []state{s.filled(at), s}, nil
	}
	c.kind = wholeValue
	return c, []state{s.filled(at)}, nil
}

// filled returns the state behind an interpolation that is a token of its own.
func (s state) filled(at site) state {
	next := s.token(after)
	next.action, next.sealed = at.id, at.yields.mark != unmarked
	return next
}

// interpolatePlain is for an interpolation in a plain scalar.
func interpolatePlain(s state, at site) (context, []state, error) {
	c := context{kind: plainPart, flow: s.flow > 0}
	if !s.literal {
		c.part |= partFirst | partAlone
		s.action = at.id
	}
	if at.use&useBegin != 0 {
		c.part |= partNotEmpty
	}
	switch s.last {
	case ':':
		c.part |= partNotEmpty
	case ' ':
		c.part |= partBlank
		return c, []state{s.grown(), s}, nil
	}
	return c, []state{s.grown()}, nil
}

// grown returns the state in a plain scalar that has grown by a value which is not empty.
func (s state) grown() state {
	s.last = 0
	return s
}

// interpolateBlock is for an interpolation in a block scalar.
func (l *lexer) interpolateBlock(s state, at site) (context, []state, error) {
	if s.mode != blockText && s.ended() {
		c, states, err := l.interpolate(s.fresh(), at)
		return c, append(states, s), err
	}
	if s.width == unknown || s.mode == blockFirst && s.col == unknown || s.mode == blockLine {
		return context{}, nil, errTooDeep
	}
	if s.mode == blockText {
		return context{kind: blockScalar, width: s.width, folded: s.folded}, []state{s}, nil
	}
	width := s.blockIndent()
	text := state{mode: blockText, indent: s.indent, width: width, folded: s.folded}
	return context{kind: blockScalar, width: width, first: true, folded: s.folded}, []state{text, s}, nil
}
