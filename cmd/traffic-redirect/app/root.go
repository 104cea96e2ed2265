//go:build linux

package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/hold"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// Exit codes of the program.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// istioCommand is the word before the arguments of Istio's init container, whose image has several programs in one.
const istioCommand = "istio-iptables"

// Main does what args ask for, in the network namespace of the process, and returns the exit code: 0; 1 after an error,
// or if --check found differences; 2 after wrong arguments, before anything is changed. An error is one line on stderr.
func Main(args []string, stdout, stderr io.Writer) int {
	command := newCommand()
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.Execute()
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errDiffers):
		return exitError
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "error: %s\n", oneLine(err))
		return exitUsage
	}
	fmt.Fprintf(stderr, "error: %s\n", oneLine(err))
	return exitError
}

func newCommand() *cobra.Command {
	var directory, short, file string
	command := &cobra.Command{
		Use:   "traffic-redirect",
		Short: "Send a pod's traffic through its proxy",
		Long: `traffic-redirect makes nftables rules, in the network namespace that it runs in,
that send a pod's traffic through the proxy beside it. Run again it replaces
them. It takes the arguments of istio-iptables too. The command wait is another
thing: it holds a pod's containers back until the proxy is ready.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 && args[0] == istioCommand {
				args = args[1:]
			}
			if len(args) > 0 {
				return &usageError{fmt.Errorf("unexpected argument %q", args[0])}
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error {
			parsed, err := config.Parse(command.Flags(), os.LookupEnv)
			if err != nil {
				return &usageError{err}
			}
			if (short == "") != (file == "") {
				return &usageError{errors.New("--config and --config-to need each other")}
			}
			if file != "" && parsed.Action == config.Apply {
				if err := hold.WriteConfig(short, file); err != nil {
					return err
				}
			}
			if err := run(parsed, command.OutOrStdout(), command.ErrOrStderr()); err != nil || directory == "" || parsed.Action != config.Apply {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the program: %w", err)
			}
			return hold.Install(program, directory)
		},
	}
	command.Version = version.Program()
	command.SetVersionTemplate(version.Line("traffic-redirect") + "\n")
	config.Flags(command.Flags())
	// Cobra's own would have the letter v too, which means verbose to whoever knows iptables.
	command.Flags().Bool("version", false, "print the version")
	command.Flags().StringVar(&directory, "install-to", "", "`directory` to copy this program to, besides, for the proxy's postStart hook (see wait)")
	command.Flags().StringVar(&short, "config", "", "the proxy's configuration, `packed` (gzip in base64), to write to --config-to")
	command.Flags().StringVar(&file, "config-to", "", "`file` to unpack it to, before any rule is made")
	command.AddCommand(newWaitCommand())
	command.CompletionOptions.DisableDefaultCmd = true
	command.SetHelpCommand(&cobra.Command{Hidden: true})
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	return command
}

// usageError is an error in the arguments.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// oneLine returns the error's text with its line breaks folded.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
