package app

import (
	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
)

// previewOptions are the flags of preview.
type previewOptions struct {
	*inputOptions
	out    outputOptions
	server bool
}

func newPreviewCommand() *cobra.Command {
	options := previewOptions{inputOptions: newInputOptions()}
	command := &cobra.Command{
		Use:   "preview (-f FILE | -k DIRECTORY | TYPE/NAME ...)",
		Short: "Show what injection would do to workloads",
		Long: `Show what injection would do to workloads, in files or in a cluster.

Each workload's pod goes through the very webhook that serves in a cluster, in
the request that the API server would send for it.

Files need no cluster: the configuration is the built-in profile's or that of
--config and --values, and labels and annotations of namespaces come from
Namespace objects in the same input and from --namespace-labels. With --live,
and for live objects, all of these are the cluster's: what its injector runs
with, revision included.

Of kinds that are not Kubernetes' own (a Rollout, a ScaledJob, a JobSet), an
object is a workload if a pod's template stands in it: under a field named
template, or ...Template, that has a spec with containers. Where a kind keeps it
elsewhere, --pod-template-path says so. One that makes pods and has none, such
as a Workflow, is named: its pods are decided when they are created.

Output (-o):
  diff   per workload what was decided and why, and a unified diff (default);
         in a terminal what is long is folded to its size, and --full shows it
  yaml   every document; those that nothing changed as they came
  kyaml  every object in KYAML, YAML with braces and quotes, as kubectl has it
  json   every object, as JSON
  patch  the JSON patch (RFC 6902) of the workload's pod template. With several
         workloads, or none, one JSON object per workload with the patch in it;
         pointer says where in the document the pod template is.
  review the AdmissionReview with the API server's request and the answer, of
         each workload that the webhook would be asked about
  name   the workloads that would change, as TYPE/NAME
  jsonpath=, jsonpath-file=, go-template=, go-template-file=
         as kubectl has them, of each object after injection

Warnings of the webhook go to standard error. Where a pod would be refused,
that is an error: exit code 1 and no output.`,
		SuggestFor: []string{"inject", "kube-inject", "show", "diff", "dry-run"},
		Example: `  # What would change?
  sidecar-injector preview -f examples/myapp.yaml

  # Inject by hand.
  sidecar-injector preview -f examples/ -o yaml | kubectl apply -f -

  # What would the cluster's injector do to a workload that runs there?
  sidecar-injector preview deployment/myapp -n shop

  # Does the API server really do that? It is asked in dry runs.
  sidecar-injector preview -f examples/ --server -o name

  # In a pipeline: does any manifest change? Exit code 1 if so.
  sidecar-injector preview -f examples/ --exit-code -o name

  # Another value, and a template that is not installed.
  sidecar-injector preview -f examples/myapp.yaml --set proxy.logLevel=debug
  sidecar-injector preview -f examples/myapp.yaml \
      --template examples/templates/logs.yaml

  # In a namespace that opted in.
  kubectl create deployment web --image=nginx --dry-run=client -o yaml |
    sidecar-injector preview -f - --namespace-labels istio-injection=enabled

  # With Istio's own templates, as they are installed.
  mkdir istio
  kubectl get configmaps -n istio-system -o yaml > istio/configmaps.yaml
  sidecar-injector preview -f examples/myapp.yaml --inject-config istio`,
		RunE: func(command *cobra.Command, arguments []string) error {
			return options.run(command, arguments)
		},
	}
	options.add(command.Flags())
	command.ValidArgsFunction = completeWorkloads(options.cluster)
	options.out.add(command, "diff", "yaml", "kyaml", "json", "patch", "review", "name")
	command.Flags().BoolVar(&options.server, "server", false, "ask the API server too, in dry runs, and fail if it makes another pod; implies --live")
	completeCluster(command, options.cluster)
	return command
}

// run previews. It writes nothing to stdout unless everything went well.
func (o *previewOptions) run(command *cobra.Command, arguments []string) error {
	ctx := command.Context()
	if err := o.check(command, arguments); err != nil {
		return err
	}
	format, err := preview.ParseFormat(o.out.output)
	if err != nil {
		return usageErrorf("-o: %w", err)
	}
	o.live = o.live || o.server
	in, err := o.read(command, arguments)
	if err != nil {
		return err
	}
	options := preview.Options{Handler: in.handler, Webhooks: in.webhooks, Namespaces: in.namespaces, Namespace: in.namespace, Full: o.out.full, Fold: o.out.folds(command.OutOrStdout())}
	if o.server {
		options.Server = in.cluster.Client
	}
	return o.out.print(ctx, format, in.documents, "previewing", func(answered func()) (*preview.Previewer, error) {
		options.Answered = answered
		return preview.New(options)
	}, command.OutOrStdout(), command.ErrOrStderr())
}
