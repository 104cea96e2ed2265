package app

import (
	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/preview"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// removeOptions are the flags of remove.
type removeOptions struct {
	workloadOptions
	out     outputOptions
	profile string
}

func newRemoveCommand() *cobra.Command {
	options := removeOptions{workloadOptions: workloadOptions{cluster: cluster.NewFlags()}}
	command := &cobra.Command{
		Use:   "remove (-f FILE | -k DIRECTORY | TYPE/NAME ...)",
		Short: "Take an injection out of workloads again",
		Long: `Take an injection out of workloads again that somebody injected by hand, in
files or in a cluster, and show what comes out. Nothing is changed in either.

What 'preview -o yaml' wrote is undone: its status annotation has what stood
there before. What somebody has changed since stays, and so do defaults of the
API server in a container that overrides an injected one.

What Istio's injector or 'istioctl kube-inject' wrote is undone as far as it can
be told: containers, volumes and pull secrets that Istio's status annotation
lists; probes and annotations for Prometheus, from the proxy's environment, with
ports by number; labels and annotations that Istio derives from others. The
network's label and what custom templates add to the pod itself stay.

The annotations are all that is known of an injection, and whoever writes a
manifest can write them: look at the diff of one that is not your own.

Output (-o):
  diff   per workload what was decided and why, and a unified diff (default);
         in a terminal what is long is folded to its size, and --full shows it
  yaml   every document; those that nothing changed as they came
  kyaml  every object in KYAML, YAML with braces and quotes, as kubectl has it
  json   every object, as JSON
  patch  the JSON patch (RFC 6902) of the workload's pod template. With several
         workloads, or none, one JSON object per workload with the patch in it;
         pointer says where in the document what is patched is.
  name   the workloads that would change, as TYPE/NAME
  jsonpath=, jsonpath-file=, go-template=, go-template-file=
         as kubectl has them, of each object after the removal`,
		SuggestFor: []string{"uninject", "eject", "delete"},
		Example: `  # What was injected by hand, and what of it would go?
  sidecar-injector preview -f examples/myapp.yaml -o yaml > injected.yaml
  sidecar-injector remove -f injected.yaml

  # Undo it.
  sidecar-injector remove -f injected.yaml -o yaml > plain.yaml

  # Live workloads that were injected before they were applied.
  sidecar-injector remove deployment/myapp -n shop -o yaml | kubectl apply -f -

  # In a pipeline: is any manifest injected? Exit code 1 if so.
  sidecar-injector remove -f examples/ --exit-code -o name`,
		RunE: func(command *cobra.Command, arguments []string) error {
			return options.run(command, arguments)
		},
	}
	options.add(command.Flags())
	command.Flags().StringVar(&options.profile, "profile", "", "`folder` of a profile of your own: its injections too")
	options.out.add(command, "diff", "yaml", "kyaml", "json", "patch", "name")
	options.cluster.AddConnection(command.Flags())
	command.ValidArgsFunction = completeWorkloads(options.cluster)
	completeCluster(command, options.cluster)
	return command
}

// run removes. It writes nothing to stdout unless everything went well.
func (o *removeOptions) run(command *cobra.Command, arguments []string) error {
	ctx := command.Context()
	if err := o.check(command, arguments); err != nil {
		return err
	}
	format, err := preview.ParseRemovalFormat(o.out.output)
	if err != nil {
		return usageErrorf("-o: %w", err)
	}
	var connection *cluster.Cluster
	namespace := o.cluster.GivenNamespace()
	if len(arguments) > 0 {
		if connection, err = o.cluster.Connect(version.Program()); err != nil {
			return err
		}
		namespace = connection.Namespace
	}
	documents, err := o.read(command, connection, arguments)
	if err != nil {
		return err
	}
	var keys []string
	if o.profile != "" {
		profile, err := configuration.ProfileIn(ctx, o.profile)
		if err != nil {
			return err
		}
		keys = append(keys, profile.Keys.Status)
	}
	return o.out.print(ctx, format, documents, "removing", func(answered func()) (*preview.Previewer, error) {
		return preview.NewRemover(preview.RemoverOptions{Namespace: namespace, StatusKeys: keys, Full: o.out.full, Fold: o.out.folds(command.OutOrStdout()), Answered: answered})
	}, command.OutOrStdout(), command.ErrOrStderr())
}
