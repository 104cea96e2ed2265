package terminal

import (
	"fmt"
	"io"

	"golang.org/x/term"
)

// Status tells what goes on, in lines. On a terminal a line about what goes on is replaced by the next one; elsewhere each
// stands, unless it says the same as the one before. It is not for concurrent use.
type Status struct {
	out      io.Writer
	terminal bool
	last     string // what Update wrote, empty after End
}

// NewStatus returns a Status that has written nothing.
func NewStatus(out io.Writer) *Status { return &Status{out: Raw(out), terminal: Is(out)} }

// Update tells how far something is.
func (s *Status) Update(text string) {
	text = Text(text)
	if text == s.last {
		return
	}
	s.clear()
	s.last = text
	if s.terminal {
		fmt.Fprint(s.out, cut(text, Width(s.out)-1))
		return
	}
	fmt.Fprintln(s.out, text)
}

// End tells how it ended.
func (s *Status) End(text string) {
	s.clear()
	s.last = ""
	fmt.Fprintln(s.out, Text(text))
}

// Close takes away what went on when nothing ended it; an empty Status has nothing.
func (s *Status) Close() {
	s.clear()
	s.last = ""
}

func (s *Status) clear() {
	if s.terminal && s.last != "" {
		fmt.Fprint(s.out, clearLine)
	}
}

// clearLine takes the line away on which the cursor stands.
const clearLine = "\r\x1b[K"

// Width returns how many characters a line of a terminal has, 80 if it does not say, and 0 for what is none.
func Width(out any) int {
	if !Is(out) {
		return 0
	}
	width, _, err := term.GetSize(int(fileOf(out).Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// cut shortens a text to so many characters, at least one. It takes them out of the middle: what a text
// is about stands at its beginning, and what changes at its end.
func cut(text string, width int) string {
	letters := []rune(text)
	if len(letters) <= width {
		return text
	}
	width = max(width, 1)
	end := width * 2 / 5
	return string(letters[:width-1-end]) + "…" + string(letters[len(letters)-end:])
}
