package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteText writes findings for people, a line each in the form that editors know, and a remedy below.
func WriteText(out io.Writer, findings []Finding) error {
	var text strings.Builder
	for _, finding := range findings {
		if place := finding.place(); place != "" {
			text.WriteString(place + ": ")
		}
		fmt.Fprintf(&text, "%s: %s (%s)\n", finding.Severity, finding.Message, finding.Rule)
		if finding.Remedy != "" {
			fmt.Fprintf(&text, "    %s\n", finding.Remedy)
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
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(findings)
}
