// Package docs has no code: its tests hold what the documentation says against the repository.
package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTables shows that the tests which a table names are there, and that each row has one, or a target of make.
func TestTables(t *testing.T) {
	for file, table := range map[string]struct {
		head string
		rows int // at least
	}{
		"security.md":  {"\n| attack |", 10},
		"practices.md": {"\n| practice |", 20},
	} {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, rest, found := strings.Cut(string(text), table.head)
			if !found {
				t.Fatalf("%s has no table with %q", file, table.head)
			}
			rows := 0
			for line := range strings.Lines(rest) {
				if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "|---") || strings.Contains(line, "| shown by |") {
					continue
				}
				rows++
				checkRow(t, line)
			}
			if rows < table.rows {
				t.Errorf("the table has %d rows, want %d: is it read as it stands?", rows, table.rows)
			}
		})
	}
}

var testLink = regexp.MustCompile("\\[`(Test\\w+)`\\]\\(([^)]+_test\\.go)\\)")

// checkRow: the tests that a row of a table names are there.
func checkRow(t *testing.T, row string) {
	t.Helper()
	named := testLink.FindAllStringSubmatch(row, -1)
	if len(named) == 0 && !strings.Contains(row, "`make ") {
		t.Errorf("no test is named for: %s", row)
	}
	for _, test := range named {
		code, err := os.ReadFile(test[2])
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(code), "\nfunc "+test[1]+"(t *testing.T) {") {
			t.Errorf("%s has no %s", test[2], test[1])
		}
	}
}
