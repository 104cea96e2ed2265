package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// WriteText writes findings for people, a line each in the form that editors know, and a remedy below; a terminal's lines
// are broken between words.
func WriteText(out io.Writer, findings []Finding) error {
	var text strings.Builder
	width := terminal.Width(out)
	for _, finding := range findings {
		line := fmt.Sprintf("%s: %s (%s)", finding.Severity, finding.Message, finding.Rule)
		if place := finding.place(); place != "" {
			line = place + ": " + line
		}
		fmt.Fprintln(&text, terminal.Lines(line, width, 0, 2))
		if finding.Remedy != "" {
			fmt.Fprintln(&text, terminal.Lines(finding.Remedy, width, 4, 4))
		}
	}
	fmt.Fprintf(&text, "errors: %d, warnings: %d\n", Count(findings, Error), Count(findings, Warning))
	_, err := io.WriteString(out, text.String())
	return err
}

func (f *Finding) place() string {
	place := f.File
	for _, number := range []int{f.Line, f.Column} {
		if number == 0 {
			break
		}
		place += fmt.Sprintf(":%d", number)
	}
	return place
}

// WriteJSON writes findings as a list.
func WriteJSON(out io.Writer, findings []Finding) error {
	if findings == nil {
		findings = []Finding{}
	}
	encoder := json.NewEncoder(terminal.JSON(out))
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(findings)
}
