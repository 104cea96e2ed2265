package terminal

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/term"
)

// Is says whether a writer is a terminal.
func Is(out any) bool {
	file := fileOf(out)
	return file != nil && term.IsTerminal(int(file.Fd()))
}

// Styles dress words up with colours. The zero value leaves them plain.
type Styles struct {
	colours bool
	width   int    // of the terminal's lines; 0 if there is none
	token   string // of the Writer that the text is written to
}

// StylesFor returns the styles for a writer, and what is written to it alone: colours on a terminal, unless the environment says otherwise by NO_COLOR
// (https://no-color.org) or TERM=dumb; plain text everywhere else.
func StylesFor(out io.Writer, environment func(string) string) Styles {
	styles := Styles{width: Width(out), colours: Is(out) && environment("NO_COLOR") == "" && environment("TERM") != "dumb"}
	if w, ok := out.(*Writer); ok {
		styles.token = w.token
	}
	return styles
}

// The styles, by ECMA-48's numbers.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func (s Styles) dress(number, text string) string {
	if !s.colours || text == "" {
		return text
	}
	escape := "\x1b" + s.token
	return escape + "[" + number + "m" + text + escape + "[0m"
}

// Heading is for what stands above something else.
func (s Styles) Heading(text string) string { return s.dress(bold, text) }

// Good is for what is as it should be.
func (s Styles) Good(text string) string { return s.dress(green, text) }

// Bad is for what is not.
func (s Styles) Bad(text string) string { return s.dress(red, text) }

// Diff dresses the lines of a unified diff up; other lines between diffs are headings, which a terminal breaks between words.
func (s Styles) Diff(text []byte) []byte {
	if !s.colours && s.width == 0 {
		return text
	}
	var out bytes.Buffer
	inDiff := false
	for line := range bytes.Lines(text) {
		content := string(bytes.TrimSuffix(line, []byte("\n")))
		number := ""
		switch {
		case bytes.HasPrefix(line, []byte("diff ")):
			inDiff, number = true, bold
		case !inDiff:
			content = s.heading(content)
		case bytes.HasPrefix(line, []byte("@@")):
			number = cyan
		case bytes.HasPrefix(line, []byte("+")):
			number = green
		case bytes.HasPrefix(line, []byte("-")):
			number = red
		case !bytes.HasPrefix(line, []byte(" ")):
			inDiff, content = false, s.heading(content)
		}
		if number != "" {
			content = s.dress(number, content)
		}
		out.WriteString(content)
		if bytes.HasSuffix(line, []byte("\n")) {
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}

// heading is Heading, broken where the terminal's lines end.
func (s Styles) heading(text string) string {
	if s.width == 0 {
		return s.Heading(text)
	}
	lines := Wrap(text, s.width, 0, 2)
	for i := range lines {
		lines[i] = s.Heading(lines[i])
	}
	return strings.Join(lines, "\n  ")
}
