package conformance

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// table is what a test prints for people: a row for each case, what is wrong below, and how many of how many are right.
type table struct {
	name   string
	writer *tabwriter.Writer
	text   *strings.Builder
	good   int
	all    int
	wrong  []string
}

func newTable(name string, columns ...string) *table {
	text := &strings.Builder{}
	t := &table{name: name, text: text, writer: tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)}
	t.write("", columns...)
	return t
}

func (t *table) write(mark string, cells ...string) {
	fmt.Fprintf(t.writer, "  %s\t%s\n", mark, strings.Join(cells, "\t"))
}

// row adds a case. A case whose problem is not empty has failed.
func (t *table) row(problem string, cells ...string) {
	t.all++
	if problem == "" {
		t.good++
		t.write("ok", cells...)
		return
	}
	t.write("FAIL", cells...)
	t.wrong = append(t.wrong, fmt.Sprintf("  %s\n%s\n", cells[0], problem))
}

// note adds a line below the cases.
func (t *table) note(format string, args ...any) {
	t.wrong = append(t.wrong, fmt.Sprintf("  "+format+"\n", args...))
}

// finish prints the table and fails the test if a case has.
func (t *table) finish(test *testing.T) {
	test.Helper()
	if err := t.writer.Flush(); err != nil {
		test.Fatal(err)
	}
	fmt.Fprintf(os.Stdout, "%s\n%s%s%s %d/%d\n\n", t.name, t.text, strings.Join(t.wrong, ""), t.name, t.good, t.all)
	if t.good != t.all {
		test.Errorf("%s: %d of %d failed, see the table above", t.name, t.all-t.good, t.all)
	}
}

// keysOf returns the keys of a map in order.
func keysOf[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
