package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/certificates"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// certsOptions are the flags of all commands below certs.
type certsOptions struct {
	cluster  *genericclioptions.ConfigFlags
	name     string
	replicas []string
}

func newCertsCommand() *cobra.Command {
	options := certsOptions{cluster: genericclioptions.NewConfigFlags(true)}
	command := &cobra.Command{
		Use:   "certs",
		Short: "Show and renew the certificates of an installed injector",
		Args:  onlyCommands,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },

		SuggestionsMinimumDistance: 2,
	}
	flags := command.PersistentFlags()
	namespace := certificates.DefaultName
	options.cluster.Namespace = &namespace
	// Nothing is discovered, so that nothing has to be cached.
	options.cluster.CacheDir = nil
	cluster.AddConnection(flags, options.cluster)
	flags.Lookup("namespace").Usage = "the injector's `namespace`; that of the kubeconfig's context is not looked at"
	flags.StringVar(&options.name, "name", certificates.DefaultName, "`name` of the injector's MutatingWebhookConfiguration; its Certificate and Secret are named NAME-tls")
	flags.StringArrayVar(&options.replicas, "replica", nil, "`host:port` where a replica serves, instead of looking up the Service's pods and forwarding to them; may be repeated")
	command.AddCommand(newCertsStatusCommand(&options), newCertsRenewCommand(&options))
	return command
}

func newCertsStatusCommand(options *certsOptions) *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the certificates, who trusts them, and what is served",
		Long: `Show the serving Certificate, the chain in its Secret, whether every caBundle of
the webhook configuration verifies it, and what each replica serves.

Replicas are the pods behind the Service that the webhooks name, ready or not.
Each is asked by a TLS handshake, through the API server as kubectl port-forward
does it: that takes the right to create pods/portforward.

Exit code 0 if all is well, 1 if anything is wrong (not trusted, expired, not
Ready, or a replica that cannot be looked at or serves what is not trusted), 2
after an error.`,
		Example: `  # Is everything all right?
  sidecar-injector certs status

  # A release of another name and namespace, as data.
  sidecar-injector certs status -n mesh --name mesh-injector -o json

  # A replica that runs on this machine.
  sidecar-injector certs status --replica 127.0.0.1:9443`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			encode, err := parseDataFormat(output, func(status *certificates.Status, out io.Writer) error {
				_, err := io.WriteString(out, status.Text())
				return err
			})
			if err != nil {
				return err
			}
			injector, err := options.injector()
			if err != nil {
				return err
			}
			return printStatus(command.Context(), injector, encode, command.OutOrStdout())
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "text", "text, json or yaml")
	completeWith(command, "output", "text", "json", "yaml")
	return lookingFor(command)
}

func newCertsRenewCommand(options *certsOptions) *cobra.Command {
	var renew certificates.RenewOptions
	command := &cobra.Command{
		Use:   "renew",
		Short: "Have cert-manager issue the serving certificate again, now",
		Long: `Have cert-manager issue the serving certificate again, whether it is due or not.

With --ca the CA is issued first, and the serving certificate under it: the
command waits until the CA is issued before it asks for the serving certificate,
also without --wait.

With --wait it returns when the new certificate is in the Secret, every caBundle
verifies it and every replica serves it. What it waits for is told on standard
error. After --timeout it says what is still missing, with exit code 1; what it
asked for goes on. Replicas serve a new certificate only when every caBundle has
verified it for serve's --trust-slack, five minutes.`,
		Example: `  # Renew, and see that every replica serves the new certificate.
  sidecar-injector certs renew --wait

  # Replace the CA too, as after its key was seen.
  sidecar-injector certs renew --ca --wait --timeout 30m`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if renew.Timeout <= 0 {
				return usageErrorf("--timeout must be more than 0, is %s", renew.Timeout)
			}
			injector, err := options.injector()
			if err != nil {
				return err
			}
			renew.Progress = command.ErrOrStderr()
			if err := injector.Renew(command.Context(), renew); err != nil {
				return err
			}
			done := "the renewal was asked for; certs status shows how it goes"
			if renew.Wait {
				done = "renewed: every replica serves the new certificate, and every caBundle verifies it"
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), done)
			return err
		},
	}
	flags := command.Flags()
	flags.BoolVar(&renew.CA, "ca", false, "renew the CA first")
	flags.BoolVar(&renew.Wait, "wait", false, "wait until the new certificate is trusted and served everywhere")
	flags.DurationVar(&renew.Timeout, "timeout", 15*time.Minute, "how long to wait, for the CA too")
	return command
}

// injector connects to the cluster that the flags name.
func (o *certsOptions) injector() (*certificates.Injector, error) {
	options := certificates.Options{Namespace: *o.cluster.Namespace, Name: o.name, Replicas: o.replicas}
	if options.Name == "" || options.Namespace == "" {
		return nil, usageErrorf("--name and --namespace must not be empty")
	}
	if err := options.Validate(); err != nil {
		return nil, &usageError{err}
	}
	config, err := cluster.RESTConfig(o.cluster, version.Program())
	if err != nil {
		return nil, err
	}
	options.Config = config
	return certificates.New(options)
}

// printStatus prints a status; that something is wrong is an error, after it.
func printStatus(ctx context.Context, injector *certificates.Injector, encode func(*certificates.Status, io.Writer) error, out io.Writer) error {
	status, err := injector.Status(ctx)
	if err != nil {
		return err
	}
	if err := encode(status, out); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if !status.OK {
		return &foundError{fmt.Sprintf("something is wrong with the certificates: %d found", len(status.Problems))}
	}
	return nil
}
