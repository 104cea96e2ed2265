package yamlescape

import "fmt"

// Error says that a template cannot be escaped. It is an error of the template's author, found when it is loaded.
type Error struct {
	// Template is the name that the text was parsed under, and Line is a line of that text, from 1.
	Template string
	Line     int
	// Action is the action as text/template prints it.
	Action string
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("escape template %q line %d: %s: %s", e.Template, e.Line, e.Action, e.Reason)
}

// ValueError says that an action's value cannot stand where the action stands. It is an error of the execution of a
// template, which text/template wraps: use errors.As.
type ValueError struct {
	// Template is the name that the text was parsed under, and Line is a line of that text, from 1.
	Template string
	Line     int
	// Action is the action as text/template prints it.
	Action string
	// Context is where the action stands, such as "a plain value".
	Context string
	// Problem is what is wrong with the value. It quotes no more than a character of it.
	Problem string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("template %q line %d: %s in %s: %s", e.Template, e.Line, e.Action, e.Context, e.Problem)
}
