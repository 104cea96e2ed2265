package app

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/lint"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// lintOptions are the flags of lint.
type lintOptions struct {
	sources lint.Sources
	output  string
	strict  bool
	cases   string
	update  bool
}

func newLintCommand() *cobra.Command {
	var options lintOptions
	command := &cobra.Command{
		Use:   "lint",
		Short: "Check configuration and templates before they are installed",
		Long: `Check a configuration, its values and its templates before they are installed:
that they load, that no key is unknown and no value unused, and that what the
templates make of a set of sample pods is valid, the same when injected twice,
and without clashes of names and ports. It says which Pod Security level
injected pods reach. Of pods that name no template the default ones are tried,
then every other alias and template as pods would name it.

-o json is a list of findings, each with rule (a short word that is stable),
severity (error, warning or note), message and remedy, and with file, line and
column where they are known, both counted from 1, columns in characters. -o
sarif is SARIF 2.1.0, with paths relative to the working directory.

With --test it runs template authors' own cases instead. Each is a folder with
pod.yaml, and want.yaml (the injected pod, without the injector's own status
annotation) or want-error.txt (one line that says why it is not injected).
namespace.yaml, config.yaml and values.yaml are optional; without the first the
namespace has opted in. --update writes what comes out.

Exit code 0 if no error is found, 1 if one is (with --strict a warning too) or a
case fails, 2 if something cannot be read.`,
		SuggestFor: []string{"validate", "test"},
		Example: `  # What is built in.
  sidecar-injector lint

  # A template that is not installed yet, for a code review tool.
  sidecar-injector lint --template examples/templates/logs.yaml -o sarif

  # That the chart's webhooks ask about the pods that the profile means.
  sidecar-injector lint --webhooks manifests/install.yaml

  # In a pipeline that takes no warnings either.
  sidecar-injector lint --config examples/configuration/config.yaml \
      --values examples/configuration/values.yaml --strict

  # A template author's own cases.
  sidecar-injector lint --template examples/templates/logs.yaml \
      --test examples/cases`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command.Context(), command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	files := &options.sources.Files
	flags.StringVar(&files.Config, "config", "", "`file` with the injection configuration (default: the built-in profile)")
	flags.StringVar(&files.Values, "values", "", "`file` with values that override the profile's; with --inject-config, Istio's values")
	flags.StringVar(&files.Profile, "profile", "", "`folder` of a profile of your own, or the name of a built-in one (default: the configuration's)")
	flags.StringArrayVar(&files.Sources, "source", nil, "`file` with a ConfigMap of the mesh from which the profile takes values; may be repeated")
	flags.StringArrayVar(&options.sources.Over.Set, "set", nil, "a value, as `key.key=value`, the value in YAML; may be repeated")
	flags.StringArrayVar(&options.sources.Over.Templates, "template", nil, "`file` with a template: in place of the one of its name, or after the default ones; may be repeated")
	flags.StringVar(&files.InjectConfig, "inject-config", "", "`file` with Istio's injection configuration, or a directory with Istio's exported ConfigMaps")
	flags.StringVar(&files.MeshConfig, "mesh-config", "", "`file` with Istio's mesh configuration, beside --inject-config")
	flags.StringVar(&files.Revision, "revision", "", "Istio's `revision`, beside --inject-config")
	flags.StringVar(&options.sources.Webhooks, "webhooks", "", "`file` with the rendered webhook configuration: it has to ask about the pods that the profile means")
	flags.StringVarP(&options.output, "output", "o", "text", "text, json or sarif")
	flags.BoolVar(&options.strict, "strict", false, "exit code 1 for warnings too")
	flags.StringVar(&options.cases, "test", "", "`directory` of cases to run instead")
	flags.BoolVar(&options.update, "update", false, "with --test: write what comes out")
	completeWith(command, "output", "text", "json", "sarif")
	return lookingFor(command)
}

func (o *lintOptions) run(ctx context.Context, stdout io.Writer) error {
	if err := o.sources.Files.Validate(); err != nil {
		return &usageError{err}
	}
	if o.update && o.cases == "" {
		return usageErrorf("--update is for --test")
	}
	write, err := parseLintFormat(o.output)
	if err != nil {
		return err
	}
	if o.cases != "" {
		if o.output != "text" || o.strict {
			return usageErrorf("-o and --strict are not for --test")
		}
		return o.test(ctx, stdout)
	}
	findings, err := lint.Run(ctx, o.sources)
	if err != nil {
		return err
	}
	if err := write(stdout, findings); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if lint.Count(findings, lint.Error) > 0 || o.strict && lint.Count(findings, lint.Warning) > 0 {
		return errFound
	}
	return nil
}

// test runs the cases of template authors.
func (o *lintOptions) test(ctx context.Context, stdout io.Writer) error {
	results, err := lint.Test(ctx, o.cases, o.sources, o.update)
	if err != nil {
		return err
	}
	failed, err := lint.WriteResults(stdout, results)
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if failed > 0 {
		return errFound
	}
	return nil
}

func parseLintFormat(name string) (func(io.Writer, []lint.Finding) error, error) {
	switch name {
	case "text":
		return lint.WriteText, nil
	case "json":
		return lint.WriteJSON, nil
	case "sarif":
		return func(out io.Writer, findings []lint.Finding) error {
			return lint.WriteSARIF(out, findings, version.Program())
		}, nil
	}
	return nil, unknownFormat(name, "text", "json", "sarif")
}
