package audit

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// Look says how a report is written for people. The zero value is a plain table.
type Look struct {
	// Wide adds details and examples.
	Wide bool
	// Width is that of the terminal. A table that is wider is written as a list instead. 0: none is too wide.
	Width  int
	Styles terminal.Styles
}

// Write writes the report for people.
func (r *Report) Write(out io.Writer, look Look) error {
	var text strings.Builder
	if len(r.Findings) > 0 {
		if err := r.table(&text, look.Wide); err != nil {
			return err
		}
		if look.Width > 0 && widest(text.String()) > look.Width {
			text.Reset()
			for i := range r.Findings {
				r.Findings[i].list(&text, look)
			}
		}
	}
	style := look.Styles.Good
	if len(r.Findings) > 0 {
		style = look.Styles.Bad
	}
	fmt.Fprintln(&text, style(r.Summary()))
	_, err := io.WriteString(out, text.String())
	return err
}

func (r *Report) table(out io.Writer, wide bool) error {
	table := printers.GetNewTabWriter(out)
	head := "NAMESPACE\tWORKLOAD\tPODS\tFINDING\tWHAT TO DO"
	if wide {
		head += "\tDETAIL\tEXAMPLES"
	}
	fmt.Fprintln(table, head)
	for _, group := range r.Findings {
		row := []string{group.Namespace, group.short(), fmt.Sprint(group.Pods), string(group.Finding), group.Remedy}
		if wide {
			row = append(row, group.Detail, strings.Join(group.Examples, ","))
		}
		for i := range row {
			row[i] = terminal.Text(row[i])
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

// list writes what a row of the table has below one another.
func (g *Group) list(out io.Writer, look Look) {
	fmt.Fprintf(out, "%s: %s, %s\n", look.Styles.Heading(string(g.Finding)), count(g.Pods, "pod"), terminal.Text(g.Remedy))
	indented(out, look.Width, g.Namespace+" "+g.short())
	if look.Wide {
		indented(out, look.Width, g.Detail)
		indented(out, look.Width, "for example "+strings.Join(g.Examples, ", "))
	}
}

// indented writes a text in lines that are not wider than a terminal, where words allow it.
func indented(out io.Writer, width int, text string) {
	fmt.Fprintln(out, terminal.Lines(text, width, 2, 4))
}

// widest returns the length of a text's longest line, in characters.
func widest(text string) int {
	most := 0
	for line := range strings.Lines(text) {
		most = max(most, len([]rune(strings.TrimRight(line, " \n"))))
	}
	return most
}

// Summary says in one line what was looked at and found.
func (r *Report) Summary() string {
	workloads, pods := map[Workload]bool{}, 0
	for _, group := range r.Findings {
		workloads[group.Workload] = true
		pods += group.Pods
	}
	looked := fmt.Sprintf("%s looked at, %d with a sidecar: ", count(r.Pods, "pod"), r.Sidecars)
	if pods == 0 {
		return looked + "nothing to do"
	}
	return looked + fmt.Sprintf("%s of %s to see to", count(pods, "pod"), count(len(workloads), "workload"))
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
