package terminal

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer writes text for people so that nothing in it can do anything to a terminal, or make it show something else than
// it says: what is not printable (control characters, marks that turn the direction of text, bytes that are no UTF-8) is
// written as Go writes it in quotes, such as \x1b. Line breaks and tabs are text, and so are the colours of the Styles that
// are made for the Writer. What is written by one call stands for itself: a character may not be spread over two.
//
// Documents do not go through it: see Raw, JSON, and SafeText. It may be used like the writer below it; create it with NewWriter.
type Writer struct {
	out io.Writer
	// token stands behind the escape character of our own colours. No text can know it.
	token string
	json  bool
}

// NewWriter returns a Writer on top of another one.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out, token: rand.Text()} }

// Raw returns the writer below a Writer, and any other as it is: for documents in which nothing is unsafe.
func Raw(out io.Writer) io.Writer {
	if w, ok := out.(*Writer); ok {
		return w.out
	}
	return out
}

// JSON returns a writer for JSON on top of the one below a Writer. What is not printable is escaped as JSON has it, so that
// it decodes to the same.
func JSON(out io.Writer) io.Writer { return &Writer{out: Raw(out), json: true} }

// Write writes text. It returns the length of what it was given, unless it fails.
func (w *Writer) Write(text []byte) (int, error) {
	if _, err := w.out.Write(w.escaped(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

func (w *Writer) escaped(text []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(text))
	colour := []byte("\x1b" + w.token)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n' || r == '\t' || isPrintable(r, size):
			out.Write(text[:size])
		case w.json && r == '\r' && bytes.HasPrefix(text, []byte("\r\n")):
			out.Write(text[:size])
		case w.json && r == '\r': // White space: elsewhere JSON has none.
			out.WriteByte('\n')
		case w.json:
			writeJSONEscape(&out, r)
		case w.token != "" && bytes.HasPrefix(text, colour):
			out.WriteByte(text[0])
			size = len(colour)
		default:
			out.WriteString(escape(r, text[0], size))
		}
		text = text[size:]
	}
	return out.Bytes()
}

// writeJSONEscape writes a character as JSON has it in double quotes.
func writeJSONEscape(out *bytes.Buffer, r rune) {
	for _, unit := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(out, `\u%04x`, unit)
	}
}

// IsText says whether a Writer writes a text as it is.
func IsText(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) < 0
}

// Text returns a text that stands in one line: what a Writer would escape is, and line breaks and tabs too. It is for
// names and the like, which would look like lines of ours otherwise.
func Text(text string) string {
	if IsText(text) && !strings.ContainsAny(text, "\n\t") {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if isPrintable(r, size) {
			out.WriteString(text[:size])
		} else {
			out.WriteString(escape(r, text[0], size))
		}
		text = text[size:]
	}
	return out.String()
}

// isPrintable is for a character of so many bytes; a byte that is no character is decoded as one of size 1.
func isPrintable(r rune, size int) bool {
	return unicode.IsPrint(r) && (r != utf8.RuneError || size > 1)
}

func escape(r rune, first byte, size int) string {
	if r == utf8.RuneError && size == 1 {
		return fmt.Sprintf(`\x%02x`, first)
	}
	return strings.Trim(strconv.QuoteRune(r), "'")
}

// fileOf returns the file that a writer writes to in the end, nil if it is none.
func fileOf(out any) *os.File {
	if w, ok := out.(*Writer); ok {
		out = w.out
	}
	file, _ := out.(*os.File)
	return file
}
