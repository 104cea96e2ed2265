package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// The names under which kubectl calls the program as its plug-in `kubectl
// sidecar`, and asks it to complete a command line.
const (
	pluginName   = "kubectl-sidecar"
	completeName = "kubectl_complete-sidecar"
)

// Main runs the command that args name, the first being the program's own name,
// and returns the exit code: 0; 1 after an error, printed as one line on stderr (which a terminal breaks between words); 2
// after wrong usage, printed likewise with a hint. Of commands that look for
// something 1 says that it was found, and 2 is any error. It stops early, without
// an error of its own, when ctx ends.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	stdout, stderr = terminal.NewWriter(stdout), terminal.NewWriter(stderr)
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "error: internal error: %s: please report it, with the output of version -o json\n", oneLine(fmt.Errorf("%v", p)))
			code = exitError
		}
	}()
	defer logAs(stderr)()
	command := NewCommand()
	name, arguments := filepath.Base(args[0]), args[1:]
	switch name {
	case pluginName:
		callAs(command, "kubectl sidecar")
	case completeName:
		callAs(command, "kubectl sidecar")
		arguments = append([]string{cobra.ShellCompRequestCmd}, arguments...)
	}
	command.SetArgs(arguments)
	command.SetIn(stdin)
	command.SetOut(stdout)
	command.SetErr(stderr)
	ran, err := command.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var exit *exitErr
	asked := errors.As(err, &exit)
	if asked && exit.err == nil {
		return exit.code
	}
	fmt.Fprintln(stderr, terminal.Lines("error: "+oneLine(err), terminal.Width(stderr), 0, 2))
	var usage *usageError
	if !errors.As(err, &usage) {
		if asked {
			return exit.code
		}
		return exitError
	}
	fmt.Fprintf(stderr, "See '%s --help'.\n", ran.CommandPath())
	return exitUsage
}

// callAs makes a command and those below it speak of the program by another name.
func callAs(command *cobra.Command, name string) {
	if !command.HasParent() {
		command.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: name}
	}
	command.Example = strings.ReplaceAll(command.Example, "sidecar-injector ", name+" ")
	for _, below := range command.Commands() {
		callAs(below, name)
	}
}

// NewCommand returns the root command with all others below it. Errors are
// returned by its Execute, not printed.
func NewCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "sidecar-injector",
		Short: "Inject sidecars into the pods that ask for them",
		Long: `sidecar-injector adds a proxy and an init container to the pods that ask for
them: by the annotation or label sidecar.istio.io/inject, or by the label
istio-injection=enabled of their namespace.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageErrorf("unknown command %q", args[0])
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.SetUsageFunc(usage)
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	command.AddCommand(
		newServeCommand(),
		newPreviewCommand(),
		newRemoveCommand(),
		newExplainCommand(),
		newAuditCommand(),
		newLintCommand(),
		newCertsCommand(),
		newVersionCommand(),
	)
	return command
}

// usageError is an error in how the program was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usageErrorf returns an error in how the program was called: exit code 2.
func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// noArguments refuses arguments, as wrong usage.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("unexpected argument %q", args[0])
	}
	return nil
}

// oneLine returns the error's text with its line breaks folded.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
