package yamlescape

func (l *lexer) quoted(s state, r rune) state {
	switch {
	case s.mode == double && r == '"':
		return s.token(after)
	case s.mode == double && r == '\\':
		s.mode = doubleEscape
	case s.mode == doubleEscape:
		s.mode = double
	case s.mode == single && r == '\'':
		s.mode = singleQuote
	case s.mode == singleQuote && r == '\'':
		s.mode = single
	case s.mode == singleQuote:
		return l.after(s.token(after), r)
	}
	return s
}

func (l *lexer) property(s state, r rune) state {
	switch {
	case isBreak(r):
		return s.newLine()
	case isBlank(r):
		return state{mode: between, flow: s.flow, indent: s.indent, col: s.col, line: s.line}.inFlow()
	case s.flow > 0 && (r == ',' || r == ']' || r == '}'):
		return l.between(s.behind(), r)
	}
	return s
}

func (l *lexer) block(s state, r rune) state {
	switch s.mode {
	case blockHead:
		return l.blockHead(s, r)
	case blockText:
		if isBreak(r) {
			s.mode = blockLine
		}
		return s
	}
	switch {
	case isBreak(r):
		if s.mode == blockFirst {
			s.width = max(s.width, s.col)
		}
		s.col = 0
	case r == ' ':
		if s.col = s.right(); s.mode == blockLine && s.col == s.width {
			s.mode, s.col = blockText, 0
		}
	case s.ended():
		return l.between(s.fresh(), r)
	case s.mode == blockFirst:
		return state{mode: blockText, indent: s.indent, width: s.blockIndent(), folded: s.folded}
	default:
		s.mode, s.col = blockText, 0
	}
	return s
}

func (l *lexer) blockHead(s state, r rune) state {
	switch {
	case isBreak(r) && s.width > 0:
		s.mode, s.width = blockLine, max(s.indent, 0)+s.width
		s.last = 0
	case isBreak(r):
		s.mode, s.last = blockFirst, 0
	case r == '#':
		s.last = '#'
	case s.last == 0 && r >= '1' && r <= '9':
		s.width = int16(r - '0')
	}
	return s
}
