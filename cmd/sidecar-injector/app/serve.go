package app

import (
	"github.com/spf13/cobra"
)

func newServeCommand() *cobra.Command {
	options := defaultServeOptions()
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the webhook in a cluster",
		Long: `Serve the webhook.

The configuration comes from a ConfigMap and the serving pair from a Secret, both
watched through the API: a change is applied at once, a bad one is refused and
the last good one stays. The CA of the serving pair is kept in the caBundle of
the webhook configuration.

GET /readyz on the health address says what is missing.`,
		Example: `  # In a cluster, as the Helm chart runs it.
  sidecar-injector serve

  # On a developer's machine, with a pair made at start.
  sidecar-injector serve --kubeconfig ~/.kube/config --namespace sidecar-injector --tls-self-signed`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := options.check(); err != nil {
				return err
			}
			return serve(command.Context(), options, command.ErrOrStderr())
		},
	}
	options.addFlags(command.Flags())
	return command
}
