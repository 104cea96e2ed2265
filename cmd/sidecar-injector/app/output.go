package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// outputOptions are the flags that say how workloads are printed.
type outputOptions struct {
	output   string
	exitCode bool
	full     bool
}

// add adds the flags; formats are those of -o besides templates.
func (o *outputOptions) add(command *cobra.Command, formats ...string) {
	command.Flags().StringVarP(&o.output, "output", "o", string(preview.FormatDiff), strings.Join(formats, ", ")+", jsonpath=... or go-template=...")
	command.Flags().BoolVar(&o.full, "full", false, "in a diff: what is packed in the pod too, and in a terminal what is folded there: the status annotation, long texts that are new")
	command.Flags().BoolVar(&o.exitCode, exitCodeFlag, false, "exit code 0 if nothing would change, 1 if something would, 2 after an error")
	completeWith(command, "output", formats...)
}

// folds says whether diffs are folded: a person looks at them.
func (o *outputOptions) folds(stdout io.Writer) bool { return !o.full && terminal.Is(stdout) }

// print prints what a Previewer makes of documents, and nothing unless all of it went well; doing is for the progress
// bar.
func (o *outputOptions) print(ctx context.Context, format preview.Format, documents []manifest.Document, doing string,
	newPreviewer func(answered func()) (*preview.Previewer, error), stdout, stderr io.Writer,
) error {
	progress := terminal.NewProgress(stderr, doing, len(documents))
	previewer, err := newPreviewer(func() { progress.Add(1) })
	if err != nil {
		progress.Done()
		return err
	}
	printed, err := previewer.Print(ctx, documents, format)
	progress.Done()
	if err != nil {
		return err
	}
	for _, warning := range printed.Warnings {
		fmt.Fprintln(stderr, terminal.Lines("warning: "+warning, terminal.Width(stderr), 0, 2))
	}
	switch format {
	case preview.FormatDiff:
		_, err = stdout.Write(terminal.StylesFor(stdout, os.Getenv).Diff(printed.Text))
	case preview.FormatName:
		_, err = stdout.Write(printed.Text)
	case preview.FormatPatch, preview.FormatReview, preview.FormatJSON:
		_, err = terminal.JSON(stdout).Write(printed.Text)
	default: // Documents, in which nothing is unsafe.
		_, err = terminal.Raw(stdout).Write(printed.Text)
	}
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	for _, difference := range printed.Differences {
		fmt.Fprint(stderr, difference)
	}
	if len(printed.Differences) > 0 {
		return fmt.Errorf("the API server makes other pods than are previewed: of %d workloads", len(printed.Differences))
	}
	if o.exitCode && printed.Changed {
		return errFound
	}
	return nil
}
