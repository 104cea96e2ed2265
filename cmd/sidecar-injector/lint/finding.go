package lint

import (
	"cmp"
	"slices"
)

// Severity is how bad a finding is.
type Severity string

// The severities.
const (
	// Error: pods would be refused, or the configuration would.
	Error Severity = "error"
	// Warning: it works, and hardly as it was meant.
	Warning Severity = "warning"
	// Note: something to know.
	Note Severity = "note"
)

// Finding is what is wrong, where, and what to do.
type Finding struct {
	// Rule is a short word that is stable, for scripts and for turning a rule off in code review.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// File is a path, or profile/NAME for what is built in. Line and Column count from 1; 0 is unknown.
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	// Message says what is wrong, Remedy what to do.
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// rules are all rules and what each is about, for SARIF.
var rules = map[string]string{
	"configuration":    "The configuration cannot be read",
	"values":           "A value is not known or of a wrong type",
	"template":         "A template does not load",
	"render":           "A template fails for a pod that is valid",
	"not-idempotent":   "Injecting twice is not injecting once",
	"duplicate-name":   "Two containers, volumes or variables have the same name",
	"invalid-name":     "A name is not allowed",
	"missing-volume":   "A container mounts a volume that is not there",
	"port-clash":       "Two containers of the pod listen on the same port",
	"pod-policy":       "What the policy leaves to the authors of pods",
	"pod-security":     "The Pod Security level that injected pods reach",
	"nothing-injected": "The templates inject nothing",
	"too-slow":         "Rendering does not end",
	"unused-value":     "No template looks at a value",
	"schema":           "The API server would refuse a field of the injected pod",
}

// sorted puts findings in order: notes last, by file and place, and each once.
func sorted(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings)
}

// weight is greater for what is told later.
func weight(finding Finding) int {
	if finding.Severity == Note {
		return 1
	}
	return 0
}

// Count returns how many findings are of a severity.
func Count(findings []Finding, severity Severity) int {
	count := 0
	for _, finding := range findings {
		if finding.Severity == severity {
			count++
		}
	}
	return count
}
