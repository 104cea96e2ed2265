package app

import (
	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/serve"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

func newServeCommand() *cobra.Command {
	options := serve.DefaultOptions()
	options.Version = version.Program()
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the webhook in a cluster",
		Long: `Serve the webhook.

The configuration comes from a ConfigMap and the serving pair from a Secret,
both watched through the API; what is bad is refused, and the last good one
stays. A new configuration is applied at once, a new serving pair when every
caBundle has verified it for --trust-slack. The CAs of the serving pairs are
kept in caBundle.

GET /readyz on the health address says what is missing. The log goes to
standard error in lines of JSON, and never holds requests up: lines that cannot
be written are lost, and counted in a later one.`,
		Example: `  # In a cluster, as the Helm chart runs it.
  sidecar-injector serve

  # On a developer's machine, with a pair made at start.
  sidecar-injector serve --kubeconfig ~/.kube/config \
      --namespace sidecar-injector --tls-self-signed`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := options.Validate(); err != nil {
				return &usageError{err}
			}
			return serve.Run(command.Context(), options, terminal.JSON(command.ErrOrStderr()))
		},
	}
	options.AddFlags(command.Flags())
	return command
}
