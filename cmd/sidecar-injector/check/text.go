package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// Look says how a report is written for people. The zero value is plain text.
type Look struct {
	// Width is that of the terminal, whose lines end between words. 0: none.
	Width  int
	Styles terminal.Styles
}

// indent is where the text of a check begins: behind the longest status.
const indent = len("  warning  ")

// Write writes the report for people: a line for each check, below the name of its group, and a hint where it is not ok.
func (r *Report) Write(out io.Writer, look Look) error {
	var text strings.Builder
	styles := map[Status]func(string) string{OK: look.Styles.Good, Warning: look.Styles.Heading, Failed: look.Styles.Bad}
	group := ""
	for i := range r.Checks {
		check := &r.Checks[i]
		if check.Group != group {
			if group != "" {
				text.WriteByte('\n')
			}
			group = check.Group
			fmt.Fprintln(&text, look.Styles.Heading(group))
		}
		status := fmt.Sprintf("%-*s", indent-len("  "), check.Status)
		lines := terminal.Lines(check.Check+": "+check.Message, look.Width, indent, indent)
		fmt.Fprintln(&text, "  "+styles[check.Status](status)+strings.TrimPrefix(lines, strings.Repeat(" ", indent)))
		if check.Hint != "" {
			fmt.Fprintln(&text, terminal.Lines("hint: "+check.Hint, look.Width, indent, indent+len("hint: ")))
		}
	}
	style := look.Styles.Good
	if !r.OK {
		style = look.Styles.Bad
	}
	fmt.Fprintf(&text, "\n%s\n", style(r.Summary()))
	_, err := io.WriteString(out, text.String())
	return err
}

// Summary says in a line how many checks there were, and how they ended.
func (r *Report) Summary() string {
	return fmt.Sprintf("%d checks: %d ok, %s, %d failed", len(r.Checks), r.Count(OK), counted(r.Count(Warning), "warning"), r.Count(Failed))
}

// counted is a number of things, in the plural where there is not one.
func counted(count int, thing string) string {
	if count != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", count, thing)
}
