package param

import "fmt"

// Error says that a template cannot be compiled, that its output is no YAML, or that a value cannot stand where it
// stands.
type Error struct {
	// Line of the template's text, from 1; 0 if it cannot be told.
	Line int
	// Action is the action concerned as text/template prints it; empty if there is none.
	Action string
	// Problem is what is wrong.
	Problem string
	// OfValue says that it is the value that is wrong, not the template.
	OfValue bool
	// Err is the cause if that can be told: ErrBudget.
	Err error
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func (e *Error) Error() string {
	where := ""
	if e.Line > 0 {
		where = fmt.Sprintf("line %d ", e.Line)
	}
	if e.Action != "" {
		where += e.Action + " "
	}
	if where == "" {
		return e.Problem
	}
	return where[:len(where)-1] + ": " + e.Problem
}
