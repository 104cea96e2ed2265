//go:build linux

package envoy

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"text/tabwriter"
)

// report is what the tests have seen, in order.
var report struct {
	sync.Mutex
	rows []string
}

// seen adds a row to the table that is printed when all tests have run: what was looked at, and what was seen. The row tells
// too whether the test failed.
func seen(t *testing.T, what, format string, args ...any) {
	t.Helper()
	said := fmt.Sprintf(format, args...)
	t.Cleanup(func() {
		if t.Failed() {
			said = "FAILED: " + said
		}
		report.Lock()
		defer report.Unlock()
		report.rows = append(report.rows, what+"\t"+said)
	})
}

// printReport prints the table.
func printReport(to io.Writer) {
	report.Lock()
	defer report.Unlock()
	if len(report.rows) == 0 {
		return
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nLOOKED AT\tSEEN")
	for _, row := range report.rows {
		fmt.Fprintln(table, row)
	}
	_ = table.Flush()
}
