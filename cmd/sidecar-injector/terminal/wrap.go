package terminal

import (
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text into lines of at most so many characters, between words, with room for first characters before the
// first line and rest before each other. A word that is longer than a line stands alone. White space is folded, what is
// not printable is escaped.
func Wrap(text string, width, first, rest int) []string {
	var lines []string
	line, room := "", width-first
	for word := range strings.FieldsSeq(text) {
		word = Text(word)
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines = append(lines, line)
			line, room = "", width-rest
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// Lines is Wrap as one text, with blanks where it leaves room. A width of 0 is that of no terminal: one line.
func Lines(text string, width, first, rest int) string {
	lines := []string{Text(text)}
	if width > 0 {
		lines = Wrap(text, width, first, rest)
	}
	return strings.Repeat(" ", first) + strings.Join(lines, "\n"+strings.Repeat(" ", rest))
}
