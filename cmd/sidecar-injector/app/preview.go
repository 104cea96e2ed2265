package app

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/validation"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// previewOptions are the flags of preview.
type previewOptions struct {
	filenames       []string
	recursive       bool
	output          string
	namespace       string
	namespaceLabels string
	files           configuration.Files
}

func newPreviewCommand() *cobra.Command {
	var options previewOptions
	command := &cobra.Command{
		Use:   "preview -f FILE|DIRECTORY|-",
		Short: "Show what injection would do to workloads in files, without a cluster",
		Long: `Show what injection would do to the workloads in files, without a cluster.

Each workload's pod goes through the very webhook that serves in a cluster, in
the request that the API server would send for it. Labels and annotations of
namespaces come from Namespace objects in the same input and from
--namespace-labels.

Output (-o):
  diff   per workload what was decided and why, and a unified diff (default)
  yaml   every document; those that nothing changed as they came
  json   every object, as JSON
  patch  the JSON patch (RFC 6902) of the workload's pod template. With several
         workloads, or none, one JSON object per workload with the patch in it;
         pointer says where in the document the pod template is.

Warnings of the webhook go to standard error. Where a pod would be refused,
that is an error: exit code 1 and no output.`,
		Example: `  # What would change?
  sidecar-injector preview -f examples/myapp.yaml

  # Inject by hand.
  sidecar-injector preview -f deploy/ -R -o yaml | kubectl apply -f -

  # With Istio's own templates, in the files that istioctl kube-inject takes.
  sidecar-injector preview -f deploy.yaml --inject-config inject-config.yaml \
      --values inject-values.yaml --mesh-config mesh-config.yaml

  # In a namespace that opted in.
  helm template . | sidecar-injector preview -f - --namespace-labels istio-injection=enabled`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command.Context(), command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.StringSliceVarP(&options.filenames, "filename", "f", nil, "file or directory with workloads, or - for standard input; may be repeated")
	flags.BoolVarP(&options.recursive, "recursive", "R", false, "read the subdirectories of directories too")
	flags.StringVarP(&options.output, "output", "o", string(preview.FormatDiff), "diff, yaml, json or patch")
	flags.StringVarP(&options.namespace, "namespace", "n", "", `namespace of objects that name none (default "default")`)
	flags.StringVar(&options.namespaceLabels, "namespace-labels", "", "labels that every namespace has, as key=value,key=value; they win over those of Namespace objects")
	flags.StringVar(&options.files.Config, "config", "", "file with the injection configuration (default: the built-in profile)")
	flags.StringVar(&options.files.Values, "values", "", "file with values that override the profile's; with --inject-config, Istio's values")
	flags.StringVar(&options.files.InjectConfig, "inject-config", "", "file with Istio's injection configuration, or a directory with Istio's exported ConfigMaps; implies the profile istio")
	flags.StringVar(&options.files.MeshConfig, "mesh-config", "", "file with Istio's mesh configuration, beside --inject-config")
	flags.StringVar(&options.files.Revision, "revision", "", "Istio's revision, beside --inject-config")
	return command
}

// run previews. It writes nothing to stdout unless everything went well.
func (o *previewOptions) run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	format, labels, err := o.check()
	if err != nil {
		return err
	}
	config, err := o.files.Load()
	if err != nil {
		return err
	}
	documents, err := manifest.Read(o.filenames, o.recursive, stdin)
	if err != nil {
		return err
	}
	namespaces, err := manifest.NewNamespaces(documents, labels)
	if err != nil {
		return err
	}
	handler, err := webhook.New(webhook.Options{Config: config, Namespaces: namespaces})
	if err != nil {
		return err
	}
	webhooks, err := selection.Default(config)
	if err != nil {
		return err
	}
	previewer, err := preview.New(preview.Options{Handler: handler, Webhooks: webhooks, Namespaces: namespaces, Namespace: o.namespace})
	if err != nil {
		return err
	}
	results, err := previewer.Preview(ctx, documents)
	if err != nil {
		return err
	}
	out, err := preview.Render(results, format)
	if err != nil {
		return err
	}
	for _, warning := range preview.Warnings(results) {
		fmt.Fprintf(stderr, "warning: %s\n", warning)
	}
	if _, err := stdout.Write(out); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// check checks the flags themselves; its errors are wrong usage.
func (o *previewOptions) check() (preview.Format, map[string]string, error) {
	if len(o.filenames) == 0 {
		return "", nil, usageErrorf("-f is required: a file, a directory, or - for standard input")
	}
	format, err := preview.ParseFormat(o.output)
	if err != nil {
		return "", nil, usageErrorf("-o: %w", err)
	}
	labels, err := manifest.ParseLabels(o.namespaceLabels)
	if err != nil {
		return "", nil, usageErrorf("--namespace-labels: %w", err)
	}
	if err := o.files.Validate(); err != nil {
		return "", nil, &usageError{err}
	}
	if o.namespace != "" {
		if problems := validation.ValidateNamespaceName(o.namespace, false); len(problems) > 0 {
			return "", nil, usageErrorf("-n: %q is no namespace name: %s", o.namespace, problems[0])
		}
	}
	return format, labels, nil
}
