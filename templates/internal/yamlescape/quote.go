package yamlescape

import (
	"strings"
	"unicode/utf8"
)

// quoteDouble returns the text as a double-quoted scalar.
func quoteDouble(s string) (quoted, problem string) {
	if quoted, problem = insideDouble(s); problem != "" {
		return "", problem
	}
	return `"` + quoted + `"`, ""
}

// insideDouble returns the text as it stands between double quotes. A blank at an end is escaped too, since YAML drops
// it where the scalar's lines are folded.
func insideDouble(s string) (escaped, problem string) {
	if isBare(s) {
		return s, ""
	}
	if !utf8.ValidString(s) {
		return "", "invalid UTF-8"
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == ' ' && (i == 0 || i == len(s)-1):
			b.WriteString(`\x20`)
		case i == 0 && isBound(s):
			writeEscape(&b, r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case isBreak(r) || !isAllowed(r) || r == '\ufeff':
			writeEscape(&b, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), ""
}

// isBare says whether the text is the same between double quotes.
func isBare(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' ' && !isBound(s)
}

// isBound says whether the text may begin or end a document at the start of a line, even of one in quotes.
func isBound(s string) bool {
	return strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") ||
		strings.Trim(s, "-") == "" || strings.Trim(s, ".") == ""
}

// writeEscape writes the escape of a character of the basic plane, which JSON and YAML have in common.
func writeEscape(b *strings.Builder, r rune) {
	const hex = "0123456789abcdef"
	b.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		b.WriteByte(hex[r>>shift&0xf])
	}
}

// insideSingle returns the text as it stands between single quotes, where there are no escapes.
func insideSingle(s string) (escaped, problem string) {
	if problem = allowed(s); problem != "" {
		return "", problem
	}
	if strings.ContainsFunc(s, isBreak) {
		return "", "a line break, which only double quotes can hold"
	}
	return strings.ReplaceAll(s, "'", "''"), ""
}
