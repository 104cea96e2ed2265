// Package docs has no code: its tests hold what the documentation says against the repository.
package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestAttackTable shows that the tests which the table of attacks names are there: each attack has one.
func TestAttackTable(t *testing.T) {
	text, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n| attack |")
	if !found {
		t.Fatal("security.md has no table of attacks")
	}
	link := regexp.MustCompile("\\[`(Test\\w+)`\\]\\(([^)]+_test\\.go)\\)")
	attacks := 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "|---") || strings.Contains(line, "| shown by |") {
			continue
		}
		attacks++
		named := link.FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("no test is named for: %s", line)
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
	if attacks < 10 {
		t.Errorf("the table has %d attacks: is it read as it stands?", attacks)
	}
}
