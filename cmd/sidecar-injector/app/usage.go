package app

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// usageWidth is that of the terminal which help is written for, its texts too.
const usageWidth = 80

// usage prints how a command is called. It is cobra's own, with flags in usageWidth columns, and with those apart that
// only say how to reach a cluster.
func usage(command *cobra.Command) error {
	var text strings.Builder
	text.WriteString("Usage:\n")
	if below := command.HasAvailableSubCommands(); below {
		fmt.Fprintf(&text, "  %s [command]\n", command.CommandPath())
	} else {
		fmt.Fprintf(&text, "  %s\n", command.UseLine())
	}
	if command.HasExample() {
		fmt.Fprintf(&text, "\nExamples:\n%s\n", command.Example)
	}
	if command.HasAvailableSubCommands() {
		text.WriteString("\nCommands:\n")
		for _, below := range command.Commands() {
			if below.IsAvailableCommand() || below.Name() == "help" {
				fmt.Fprintf(&text, "  %-*s  %s\n", below.NamePadding(), below.Name(), below.Short)
			}
		}
	}
	flags, connection := sortOut(command)
	fmt.Fprintf(&text, "\nFlags:\n%s", flags.FlagUsagesWrapped(usageWidth))
	if len(connection) > 0 {
		fmt.Fprintf(&text, "\nFlags for reaching the cluster, as 'kubectl options' explains them:\n%s\n",
			terminal.Lines(strings.Join(connection, " "), usageWidth, 2, 2))
	}
	if command.HasAvailableSubCommands() {
		fmt.Fprintf(&text, "\nUse \"%s [command] --help\" for more about a command.\n", command.CommandPath())
	}
	_, err := fmt.Fprint(command.OutOrStderr(), text.String())
	return err
}

// sortOut returns a command's own flags, inherited ones too, and the names of those of the connection to a cluster.
func sortOut(command *cobra.Command) (own *pflag.FlagSet, connection []string) {
	own = pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags = false
	add := func(flag *pflag.Flag) {
		if cluster.IsConnectionFlag(flag) {
			connection = append(connection, "--"+flag.Name)
		} else {
			own.AddFlag(flag)
		}
	}
	command.LocalFlags().VisitAll(add)
	command.InheritedFlags().VisitAll(add)
	return own, connection
}
