package text

import (
	"fmt"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// Script returns what `nft -f` would do the same with as the program: the table is replaced as a whole.
func Script(ruleset rules.Ruleset) string {
	var b strings.Builder
	// Deleting a table that is not there is an error; adding one that is there is none.
	fmt.Fprintf(&b, "table inet %[1]s\ndelete table inet %[1]s\n", rules.Table)
	if len(ruleset.Chains) == 0 {
		return b.String()
	}
	fmt.Fprintf(&b, "table inet %s {\n", rules.Table)
	for _, set := range ruleset.Sets {
		fmt.Fprintf(&b, "\t%s\n", strings.Join(Set(set), "\n\t"))
	}
	for _, chain := range ruleset.Chains {
		fmt.Fprintf(&b, "\tchain %s {\n", chain.Name)
		if chain.Hook != nil {
			fmt.Fprintf(&b, "\t\t%s\n", Hook(*chain.Hook))
		}
		for _, rule := range chain.Rules {
			fmt.Fprintf(&b, "\t\t%s\n", Rule(rule))
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// Set returns a set's lines.
func Set(set rules.Set) []string {
	lines := []string{"set " + set.Name + " {", "\ttype " + string(set.Type)}
	if set.Type.Interval() {
		lines = append(lines, "\tflags interval")
	}
	return append(lines, "\telements = { "+strings.Join(Elements(set), ", ")+" }", "}")
}

// Elements returns a set's elements, one each.
func Elements(set rules.Set) []string {
	var elements []string
	for _, element := range set.Elements {
		elements = append(elements, set.Type.FormatElement(element))
	}
	return elements
}

// Hook returns the line of a base chain that says where it stands.
func Hook(hook rules.Hook) string {
	return fmt.Sprintf("type %s hook %s priority %d; policy accept;", hook.Type, hook.Point, hook.Priority)
}

// Rule returns a rule in one line.
func Rule(rule rules.Rule) string {
	var words []string
	for _, match := range rule.Matches {
		words = append(words, Match(match))
	}
	for _, action := range rule.Actions {
		words = append(words, Action(action))
	}
	return strings.Join(words, " ")
}

// Match returns one condition of a rule.
func Match(match rules.Match) string {
	// A set is compared with one word, a bitmask would be tested with that word and is compared with ==.
	words := []string{string(match.Key)}
	switch {
	case match.Not:
		words = append(words, "!=")
	case match.Key.Type() == rules.State:
		words = append(words, "==")
	}
	if match.Set != "" {
		return strings.Join(append(words, "@"+match.Set), " ")
	}
	return strings.Join(append(words, match.Key.Type().Format(match.Value)), " ")
}

// Action returns one action of a rule.
func Action(action rules.Action) string {
	switch action.Verb {
	case rules.Jump, rules.Goto:
		return fmt.Sprintf("%s %s", action.Verb, action.Chain)
	case rules.Redirect, rules.DNAT, rules.TProxy:
		return fmt.Sprintf("%s to :%d", action.Verb, action.Number)
	case rules.SetMark:
		return fmt.Sprintf("meta mark set %d", action.Number)
	case rules.SetZone:
		return fmt.Sprintf("ct zone set %d", action.Number)
	case rules.SaveMark:
		return "ct mark set meta mark"
	default:
		return string(action.Verb)
	}
}
