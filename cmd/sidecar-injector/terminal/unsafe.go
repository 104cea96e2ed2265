package terminal

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// IsUnsafe says whether a character may not come out of a document as it is: it does something to a terminal, or makes it
// show something else than what stands there. These are control characters, other line breaks than the usual ones, marks
// that turn the direction of text, and what has no width. But for a line break and a tab, and for the two joiners, without
// which some languages and emojis cannot be written. A byte that is no UTF-8 is unsafe too, see SafeText.
//
// A Writer for people escapes more than that, such as spaces that are none; documents have to stay what their authors wrote.
func IsUnsafe(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	if r < unicode.MaxASCII { // by far the most
		return r < ' ' && r != '\n' && r != '\t'
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != zeroWidthNonJoiner && r != zeroWidthJoiner
}

// IsSafe says whether a text of a document has nothing unsafe in it. Lines may end as on Windows.
func IsSafe(text []byte) bool {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if unsafeAt(text[at:], r, size) {
			return false
		}
		at += size
	}
	return true
}

// unsafeAt is for the character that a text begins with.
func unsafeAt(text []byte, r rune, size int) bool {
	if r == '\r' && bytes.HasPrefix(text, []byte("\r\n")) {
		return false
	}
	return IsUnsafe(r) || r == utf8.RuneError && size == 1
}

// SafeText returns a text in which what is unsafe is written as JSON and YAML have it in double quotes, such as \u001b. It
// is the text itself if nothing is.
func SafeText(text []byte) []byte {
	if IsSafe(text) {
		return text
	}
	var out bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if unsafeAt(text, r, size) {
			writeJSONEscape(&out, r)
		} else {
			out.Write(text[:size])
		}
		text = text[size:]
	}
	return out.Bytes()
}

// SafeJSON returns JSON that means the same, and has nothing unsafe in it.
func SafeJSON(text []byte) []byte {
	if IsSafe(text) {
		return text
	}
	return (&Writer{json: true}).escaped(text)
}
