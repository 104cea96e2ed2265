package app

import "errors"

// Exit codes of the program. Where a command looks for something, 1 says that it was found, and errors are 2.
const (
	exitOK    = 0
	exitError = 1
	exitFound = 1
	exitUsage = 2
)

// exitErr is an error with the exit code that it leads to.
type exitErr struct {
	err  error // nil: there is nothing to print
	code int
}

func (e *exitErr) Error() string {
	if e.err == nil {
		return "something was found"
	}
	return e.err.Error()
}

func (e *exitErr) Unwrap() error { return e.err }

// errFound ends a command that found what it looked for: exit code 1, and nothing more is printed.
var errFound error = &exitErr{code: exitFound}

// looking makes every error of a command that looks for something exit code 2, as 1 says that it was found.
func looking(err error) error {
	var exit *exitErr
	if err == nil || errors.As(err, &exit) {
		return err
	}
	return &exitErr{err, exitUsage}
}
