package yamlescape

import (
	"strings"
	"text/template/parse"
	"unicode/utf8"
)

// lexer follows the literal text of templates. It tells what stands behind an interpolation as soon as that is seen,
// since that decides whether the interpolation is a key, a value, or a part of one.
type lexer struct {
	uses   map[actionID]use
	quotes quotes
	// at is the character that is read.
	at position
}

// use is what stands behind an interpolation that begins a token, on any path.
type use uint8

const (
	useEnd   use = 1 << iota // the end of the value: a line break, a comment, the end of the flow element
	useColon                 // a colon that makes it a key
	useText                  // more of a plain scalar
	useBegin                 // text that would be something else than a plain scalar if it stood first
)

func (l *lexer) use(action actionID, u use) {
	if action != 0 {
		l.uses[action] |= u
	}
}

// text returns the state behind a text, which is that of a node, or of none if it is nil.
func (l *lexer) text(s state, text string, node *parse.TextNode) state {
	for i, r := range text {
		l.at = position{node, i}
		before := s
		s = l.step(s, r)
		for ; i < len(text) && (i == l.at.offset || !utf8.RuneStart(text[i])); i++ {
			l.quotes.record(position{node, i}, before, s)
		}
	}
	return s
}

// step returns the state behind one character.
func (l *lexer) step(s state, r rune) state {
	switch s.mode {
	case between:
		return l.between(s, r)
	case marker:
		return l.marker(s, r)
	case plain:
		return l.plain(s, r)
	case plainLine:
		return l.plainLine(s, r)
	case after:
		return l.after(s, r)
	case double, doubleEscape, single, singleQuote:
		return l.quoted(s, r)
	case comment, directive:
		if isBreak(r) {
			return s.newLine()
		}
		return s
	case property:
		return l.property(s, r)
	default:
		return l.block(s, r)
	}
}

func (l *lexer) between(s state, r rune) state {
	switch {
	case isBreak(r):
		return s.newLine()
	case isBlank(r):
		s.col = s.right()
		return s
	case s.flow > 0 && r == ',':
		return s.behind()
	case r == '[' || r == '{':
		open := s.behind()
		open.flow = min(s.flow+1, maxFlow)
		return open
	case s.flow > 0 && (r == ']' || r == '}'):
		closed := s.token(after)
		if s.flow < maxFlow {
			closed.flow--
		}
		return closed
	case s.flow > 0 && (r == ':' || r == '?'):
		return s.behind()
	case s.flow == 0 && (r == '|' || r == '>'):
		head := s.token(blockHead)
		head.col, head.line, head.folded = 0, false, r == '>'
		return head
	}
	switch r {
	case '#':
		return state{mode: comment, flow: s.flow, indent: s.indent}
	case '-', '?', ':', '.':
		m := s.token(marker)
		m.last, m.width = byte(r), 1
		return m
	case '"':
		return s.token(double)
	case '\'':
		q := s.token(single)
		q.quote = l.quotes.id(l.at)
		return q
	case '&', '*', '!':
		return s.token(property)
	case '%':
		if s.line && s.col == 0 {
			return state{mode: directive, indent: s.indent}
		}
	}
	p := s.token(plain)
	p.literal = true
	return p
}

// marker tells "- " (an entry), "? " and ": " (a key and a value), "--- " and "... " (the bounds of a document) from
// plain scalars that begin alike.
func (l *lexer) marker(s state, r rune) state {
	if isBlank(r) || isBreak(r) {
		next := s.behind()
		switch {
		case s.width == 1 && (s.last == '-' || s.last == '?') && s.flow == 0:
			if next.col = s.right(); s.col != unknown {
				next.indent = s.col
			}
		case s.width == 1 && s.last == ':':
			next.col = s.right()
		case s.width == 3 && s.line && s.col == 0:
			next.indent = -1
		default:
			return l.plain(s.asPlain(), r)
		}
		return l.between(next, r)
	}
	if r == rune(s.last) && s.line && s.col == 0 && s.width < 3 {
		s.width++
		return s
	}
	return l.plain(s.asPlain(), r)
}

func (l *lexer) plain(s state, r rune) state {
	switch {
	case isBreak(r) && s.last == ':':
		return l.key(s).newLine()
	case isBreak(r):
		return state{mode: plainLine, flow: s.flow, indent: s.indent, line: s.flow == 0}.inFlow()
	case isBlank(r) && s.last == ':':
		return l.key(s)
	case isBlank(r):
		s.last = ' '
		return s
	case r == '#' && s.last == ' ':
		return state{mode: comment, flow: s.flow, indent: s.indent}
	case s.flow > 0 && strings.ContainsRune(flowIndicators, r):
		return l.between(s.behind(), r)
	}
	if !s.literal && r != ':' && !beginsPlain(r) {
		l.use(s.action, useBegin)
	}
	s.last, s.literal, s.action = 0, true, 0
	if r == ':' {
		s.last = ':'
	}
	return s
}

// key returns the state behind a key and its colon.
func (l *lexer) key(s state) state {
	next := s.behind()
	if s.flow == 0 && s.col != unknown {
		next.indent = s.col
	}
	return next
}

func (l *lexer) plainLine(s state, r rune) state {
	switch {
	case isBreak(r):
		s.col = 0
		return s.inFlow()
	case isBlank(r):
		s.col = s.right()
		return s
	case r == '#' || !s.goesOn() || s.flow > 0 && strings.ContainsRune(flowIndicators, r):
		return l.between(s.fresh(), r)
	case s.line && s.col == 0 && (r == '-' || r == '.'): // perhaps the end of a document that is one scalar
		return l.between(s.fresh(), r)
	}
	l.use(s.action, useText)
	return l.plain(s.continued(), r)
}

func (l *lexer) after(s state, r rune) state {
	bare := s.action != 0 && !s.sealed // may turn out to be the first part of a plain scalar
	switch {
	case (isBlank(r) || isBreak(r)) && s.last == ':':
		l.use(s.action, useColon)
		return l.between(l.key(s), r)
	case isBreak(r):
		l.use(s.action, useEnd)
		if bare && !s.line {
			return state{mode: plainLine, flow: s.flow, indent: s.indent, line: s.flow == 0, action: s.action}.inFlow()
		}
		return s.newLine()
	case isBlank(r):
		s.last = ' '
		return s
	case r == '#' && (s.last == ' ' || !bare):
		l.use(s.action, useEnd)
		return state{mode: comment, flow: s.flow, indent: s.indent}
	case s.flow > 0 && s.last != ':' && (r == ',' || r == ']' || r == '}'):
		l.use(s.action, useEnd)
		return l.between(s.behind(), r)
	case r == ':' && s.flow > 0 && !bare:
		l.use(s.action, useColon)
		return s.behind()
	case r == ':' && s.last != ':':
		s.last = ':'
		return s
	case s.action != 0:
		l.use(s.action, useText)
		return l.plain(s.asPlain(), r)
	}
	return l.between(s.behind(), r) // no YAML
}
