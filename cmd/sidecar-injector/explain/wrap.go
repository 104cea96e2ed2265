package explain

import "strings"

// width is that of a terminal, in characters.
const width = 80

func (p *printer) line(text string) { p.text.WriteString(text + "\n") }

// paragraph writes text behind a first prefix and, from the second line on, as many spaces. A word that is longer than a
// line stands alone.
func (p *printer) paragraph(prefix, text string, style func(string) string) {
	if style == nil {
		style = func(text string) string { return text }
	}
	indent := strings.Repeat(" ", len(prefix))
	if prefix == "" {
		indent = "  "
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(prefix+line+" "+word)) > width {
			p.line(prefix + style(line))
			prefix, line = indent, ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	p.line(prefix + style(line))
}
