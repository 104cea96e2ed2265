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
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// The names under which kubectl calls the program as its plug-in `kubectl
// sidecar`, and asks it to complete a command line.
const (
	pluginName   = "kubectl-sidecar"
	completeName = "kubectl_complete-sidecar"
)

// Main runs the command that args name, the first being the program's own name,
// and returns the exit code, see exit.go. An error is printed as one line on stderr (which a terminal breaks between words),
// wrong usage with a hint. It stops early, without an error of its own, when ctx ends.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	stdout, stderr = terminal.NewWriter(stdout), terminal.NewWriter(stderr)
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
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "error: internal error: %s: please report it, with the output of version -o json\n", oneLine(fmt.Errorf("%v", p)))
			code = exitError
			if ran, _, err := command.Find(arguments); err == nil && looks(ran) {
				code = exitUsage
			}
		}
	}()
	command.SetArgs(arguments)
	command.SetIn(stdin)
	command.SetOut(stdout)
	command.SetErr(stderr)
	ran, err := command.ExecuteContextC(ctx)
	if err != nil && err.Error() != "" {
		fmt.Fprintln(stderr, terminal.Lines("error: "+oneLine(err), terminal.Width(stderr), 0, 2))
	}
	if _, usage := errors.AsType[*usageError](err); usage {
		fmt.Fprintf(stderr, "See '%s --help'.\n", ran.CommandPath())
	}
	return exitCode(ran, err)
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
istio-injection=enabled of their namespace.

` + exitCodesHelp,
		Version:       version.Program(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyCommands,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	// Cobra's own flag would have -v too.
	command.Flags().Bool("version", false, "print the version")
	command.SetVersionTemplate(newVersionInfo().String())
	command.SuggestionsMinimumDistance = 2
	command.SetUsageFunc(usage)
	command.SetFlagErrorFunc(flagError)
	command.AddCommand(
		newServeCommand(),
		newPreviewCommand(),
		newRemoveCommand(),
		newExplainCommand(),
		newAuditCommand(),
		newLintCommand(),
		newCheckCommand(),
		newCertsCommand(),
		newVersionCommand(),
	)
	command.InitDefaultHelpCmd()
	if help, _, err := command.Find([]string{"help"}); err == nil {
		help.Args = helpable
	}
	return command
}

// helpable refuses arguments of help that are no command, as wrong usage.
func helpable(help *cobra.Command, args []string) error {
	at := help.Root()
	for _, name := range args {
		next, rest, err := at.Find([]string{name})
		if err != nil || next == at || len(rest) > 0 {
			return onlyCommands(at, []string{name})
		}
		at = next
	}
	return nil
}

// usageErrorf returns an error in how the program was called: exit code 2.
func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// flagError makes an error of flags wrong usage. Where a command is misspelt, its flags are unknown, and it is the command
// that is wrong.
func flagError(command *cobra.Command, err error) error {
	if given := command.Flags().Args(); command.HasSubCommands() && len(given) > 0 {
		return onlyCommands(command, given)
	}
	return &usageError{err}
}

// onlyCommands refuses arguments of a command that has commands below it, of which one may have been meant.
func onlyCommands(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := ""
	if names := command.SuggestionsFor(args[0]); len(names) > 0 {
		meant = fmt.Sprintf(": did you mean %s?", strings.Join(names, " or "))
	}
	return usageErrorf("unknown command %q%s", args[0], meant)
}

// noArguments refuses arguments, as wrong usage.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("unexpected argument %q", args[0])
	}
	return nil
}
