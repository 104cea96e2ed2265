package yamlescape

// flowIndicators end a plain scalar in a flow collection, wherever they stand.
const flowIndicators = ",[]{}?"

// isBreak says whether YAML 1.1 ends a line at the character.
func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' }

// isAllowed says whether the character may stand in a YAML document as it is.
func isAllowed(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= ' ' || r == '\t' || r == '\n' || r == '\r'
	case r < 0xa0:
		return r == '\u0085'
	}
	return r != '\ufffe' && r != '\uffff'
}

// beginsPlain says whether a plain scalar that begins with the character is one, whatever follows.
func beginsPlain(r rune) bool {
	switch r {
	case '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '<', '~', '\ufeff':
		return false
	}
	return !isBlank(r) && !isBreak(r) && isAllowed(r)
}
