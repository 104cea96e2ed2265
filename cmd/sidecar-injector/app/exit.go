package app

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes of the program. A command that looks for something, see looks, says by 1 that it was found; all its errors
// are 2.
const (
	exitOK    = 0
	exitError = 1
	exitFound = 1
	exitUsage = 2
)

// exitCodesHelp is the table of them for people, in the help of the root command and so in its page of the reference.
const exitCodesHelp = `Exit codes:
  command                     0                1                2
  audit, certs status,        nothing found    something found  any error
    check, lint
  preview and remove,         nothing changes  something does   any error
    with --exit-code
  all others, and these       done             error            wrong usage
    two without it

What audit finds is a pod whose sidecar is not what it should be; lint, an error
(with --strict a warning too); check and certs status, something that is wrong.`

// looksAnnotation marks commands that look for something.
const looksAnnotation = "sidecar-injector/looks"

// lookingFor marks a command as one that looks for something.
func lookingFor(command *cobra.Command) *cobra.Command {
	command.Annotations = map[string]string{looksAnnotation: ""}
	return command
}

// exitCodeFlag makes a command, when it is set, one that looks for something.
const exitCodeFlag = "exit-code"

// looks says whether a command, with the flags that it was called with, looks for something.
func looks(command *cobra.Command) bool {
	if _, always := command.Annotations[looksAnnotation]; always {
		return true
	}
	flag := command.Flags().Lookup(exitCodeFlag)
	return flag != nil && flag.Value.String() == "true"
}

// exitCode returns the exit code of a command that ended with an error, or nil.
func exitCode(command *cobra.Command, err error) int {
	_, found := errors.AsType[*foundError](err)
	_, usage := errors.AsType[*usageError](err)
	switch {
	case err == nil:
		return exitOK
	case found:
		return exitFound
	case usage, looks(command):
		return exitUsage
	}
	return exitError
}

// foundError ends a command that found what it looked for.
type foundError struct{ text string }

func (e *foundError) Error() string { return e.text }

// errFound is a foundError of which nothing more is printed.
var errFound error = &foundError{}

// usageError is an error in how the program was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// oneLine returns the error's text with its line breaks folded.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
