package explain

import (
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// width is that of a terminal, in characters.
const width = 80

func (p *printer) line(text string) { p.text.WriteString(text + "\n") }

// paragraph writes text behind a first prefix and, from the second line on, as many spaces. A word that is longer than a
// line stands alone.
func (p *printer) paragraph(prefix, text string, style func(string) string) {
	if style == nil {
		style = func(text string) string { return text }
	}
	indent := len(prefix)
	if prefix == "" {
		indent = 2
	}
	for _, line := range terminal.Wrap(text, width, len(prefix), indent) {
		p.line(prefix + style(line))
		prefix = strings.Repeat(" ", indent)
	}
}
