// Package quote bounds what messages repeat of an input: whoever creates a pod writes a megabyte into a value as easily as
// a word, and what refuses it goes to logs, audit logs and terminals.
package quote

import (
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// Limit is how many characters of a value a message has at most, and textLimit those of the message.
const (
	Limit     = 200
	textLimit = 2000
)

// Cut returns a value of at most Limit characters as it is, and of a longer one the beginning and how much was cut. It
// never cuts within a character.
func Cut(value string) string {
	begin, more := cut(value, Limit)
	if more == 0 {
		return value
	}
	return fmt.Sprintf("%s… (%d more characters)", begin, more)
}

// values are what may be a value in a message: what stands in quotes, as %q writes it, and words.
var values = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[^"\s]+`)

// Text returns a message in which each value, in quotes or a word, is cut as by Cut, and the whole is bounded too. Nothing
// is cut twice: Text of a result is the result.
func Text(message string) string {
	if len(message) <= Limit {
		return message
	}
	message = values.ReplaceAllStringFunc(message, func(literal string) string {
		if len(literal) <= Limit {
			return literal
		}
		if literal[0] != '"' {
			return Cut(literal)
		}
		value, err := strconv.Unquote(literal)
		if err != nil { // not written by %q
			value = literal[1 : len(literal)-1]
		}
		begin, more := cut(value, Limit)
		if more == 0 {
			return literal
		}
		return fmt.Sprintf("%s (%d more characters)", strconv.Quote(begin+"…"), more)
	})
	begin, more := cut(message, textLimit)
	if more == 0 {
		return message
	}
	return begin + "…"
}

// cut returns the beginning of a text that has more than limit characters, one less than those, and how many are left.
func cut(text string, limit int) (begin string, more int) {
	if len(text) <= limit {
		return text, 0
	}
	at := 0
	for range limit - 1 {
		if at == len(text) {
			return text, 0
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	more = utf8.RuneCountInString(text[at:])
	if more <= 1 {
		return text, 0
	}
	return text[:at], more
}
