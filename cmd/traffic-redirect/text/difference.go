package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// Difference returns one line for each thing that is in one ruleset alone: "missing: …" if in want, "unexpected: …" if
// in got. Rules that are in both in another order are missing in one place and unexpected in the other. A whole table
// that is in one alone is one line.
func Difference(want, got rules.Ruleset) []string {
	switch {
	case empty(got) && !empty(want):
		return []string{"missing: table " + rules.Table}
	case empty(want) && !empty(got):
		return []string{"unexpected: table " + rules.Table}
	}
	var lines []string
	report := func(what, where string, texts []string) {
		for _, text := range texts {
			lines = append(lines, fmt.Sprintf("%s: %s%s", what, where, text))
		}
	}
	wantParts, gotParts := parts(want), parts(got)
	for _, name := range names(wantParts, gotParts) {
		compare := inOrder
		if strings.HasPrefix(name, setPrefix) {
			compare = inAnyOrder
		}
		missing, unexpected := compare(wantParts[name], gotParts[name])
		report("missing", name+": ", missing)
		report("unexpected", name+": ", unexpected)
	}
	return lines
}

func empty(ruleset rules.Ruleset) bool { return len(ruleset.Chains) == 0 && len(ruleset.Sets) == 0 }

// setPrefix distinguishes sets, whose lines have no order, from chains.
const setPrefix = "set "

// parts returns the lines of each set and chain.
func parts(ruleset rules.Ruleset) map[string][]string {
	result := map[string][]string{}
	for _, set := range ruleset.Sets {
		result[setPrefix+set.Name] = append([]string{"type " + string(set.Type)}, Elements(set)...)
	}
	for _, chain := range ruleset.Chains {
		lines := []string{"entered by rules"}
		if chain.Hook != nil {
			lines = []string{Hook(*chain.Hook)}
		}
		for _, rule := range chain.Rules {
			lines = append(lines, Rule(rule))
		}
		result["chain "+chain.Name] = lines
	}
	return result
}

// names returns the sorted keys of both.
func names(a, b map[string][]string) []string {
	var all []string
	for name := range a {
		all = append(all, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// inOrder returns the lines of each list that are not part of the longest list that both contain in order.
func inOrder(a, b []string) (onlyA, onlyB []string) {
	// common[i][j] is the length of that list for a[i:] and b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || (i < len(a) && common[i+1][j] >= common[i][j+1]):
			onlyA = append(onlyA, a[i])
			i++
		default:
			onlyB = append(onlyB, b[j])
			j++
		}
	}
	return onlyA, onlyB
}

// inAnyOrder returns the lines of each list that the other does not have.
func inAnyOrder(a, b []string) (onlyA, onlyB []string) {
	without := func(list, other []string) []string {
		has := map[string]bool{}
		for _, line := range other {
			has[line] = true
		}
		return slices.DeleteFunc(slices.Clone(list), func(line string) bool { return has[line] })
	}
	return without(a, b), without(b, a)
}
