package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// Safe returns raw, the text of one YAML or JSON document, with nothing in it that is unsafe on a terminal, nor in a
// pipe that ends at one. object is what raw decodes to, and what the result does: scalars that hold such characters come
// in double quotes, with escapes. In comments stands the escape in place of the character. object is nil for a document of
// comments alone. A text that has nothing unsafe is returned as it is.
//
// What cannot be edited is object encoded anew, as with Apply, whose error it has.
func Safe(raw []byte, object map[string]any) ([]byte, error) {
	text := bytes.TrimPrefix(raw, []byte("\ufeff")) // Whatever reads YAML or JSON skips it where a text begins.
	switch {
	case terminal.IsSafe(text):
		return raw, nil
	case object == nil:
		return terminal.SafeText(unixBreaks(text)), nil
	case json.Valid(text):
		return terminal.SafeJSON(text), nil
	}
	if safe, err := safeYAML(unixBreaks(text)); err == nil && terminal.IsSafe(safe) && decodesTo(safe, object) {
		return safe, nil
	}
	text, err := anew(text, object)
	if json.Valid(text) {
		text = terminal.SafeJSON(text)
	}
	return text, err
}

// unixBreaks returns a text in which all that YAML takes for a line break is one of the usual two.
func unixBreaks(text []byte) []byte {
	const windows = "\r\n"
	lines := strings.Split(string(text), windows)
	breaks := strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
	for i := range lines {
		lines[i] = breaks.Replace(lines[i])
	}
	return []byte(strings.Join(lines, windows))
}

// safeYAML edits the scalars. What comes out is not checked.
func safeYAML(raw []byte) ([]byte, error) {
	root, err := parseYAML(raw)
	if err != nil {
		return nil, err
	}
	e := newEditor(raw, root, false, false)
	e.quoteUnsafe(root)
	text, err := e.between(0, len(raw))
	return terminal.SafeText(text), err // What is left stands in comments.
}

// quoteUnsafe puts the unsafe scalars of a node into double quotes.
func (e *editor) quoteUnsafe(n *node) {
	if old := e.raw[n.body:n.end]; n.kind == scalarNode && !terminal.IsSafe(old) {
		text := doubleQuoted(n.value)
		if old[0] == '"' {
			text = safeQuoted(string(old))
		}
		e.replace(n.body, n.end, text)
	}
	for _, entry := range n.entries {
		if entry.key != nil {
			e.quoteUnsafe(entry.key)
		}
		e.quoteUnsafe(entry.value)
	}
}

// safeQuoted returns a YAML scalar in double quotes with escapes in place of what is unsafe.
func safeQuoted(text string) string {
	if terminal.IsSafe([]byte(text)) {
		return text
	}
	var out strings.Builder
	for i, r := range text {
		switch {
		case !terminal.IsUnsafe(r), strings.HasPrefix(text[i:], "\r\n"):
			out.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&out, `\U%08x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}
