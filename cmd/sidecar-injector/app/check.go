package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/discovery"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/certificates"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/check"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// checkOptions are the flags of check.
type checkOptions struct {
	cluster     *cluster.Flags
	files       configuration.Files
	pre, strict bool
	output      string
	replicas    []string
	certManager string
}

func newCheckCommand() *cobra.Command {
	options := checkOptions{cluster: cluster.NewFlags()}
	command := &cobra.Command{
		Use:   "check",
		Short: "Check whether the injector can be installed, or works",
		Long: `Check whether an installed injector works, or with --pre whether one can be
installed. Nothing in the cluster is changed.

With --pre:
  Kubernetes    its version; the rights to create what the chart installs, and
                to grant what the injector's account needs
  cert-manager  its kinds, its Deployments, and an Issuer in a dry run
  Pods          no other injector is asked about the same pods; the namespaces
                that opted in let injected pods in (Pod Security)

Afterwards:
  Kubernetes    its version
  Injector      its Deployment; its configuration, and whether it is in use; the
                endpoints of its Service, and what they serve
  Certificate   issuer, age and end; every caBundle trusts it
  Pods          those that ask get a sidecar, in dry runs; and as with --pre

A check is ok, a warning (it may do harm, or you may not look at it) or failed,
with a hint what to do. -o json and -o yaml are an object with ok, and with
checks, a list: group, check (a short word that is stable), status, message and
hint.

Exit code 0 if no check failed, 1 if one did (with --strict a warning too), 2
after an error, such as a cluster that cannot be reached.`,
		Example: `  # Before the installation.
  sidecar-injector check --pre

  # Of what is to be configured otherwise than by default.
  sidecar-injector check --pre --config examples/configuration/config.yaml

  # After it, and whenever something is odd.
  sidecar-injector check

  # In a pipeline that takes no warnings either.
  sidecar-injector check --strict -o json`,
		Args:       noArguments,
		SuggestFor: []string{"doctor", "verify", "status"},
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.BoolVar(&options.pre, "pre", false, "check whether an injector can be installed")
	flags.StringVarP(&options.output, "output", "o", "text", "text, json or yaml")
	flags.BoolVar(&options.strict, "strict", false, "exit code 1 for warnings too")
	flags.StringVar(&options.files.Config, "config", "", "with --pre: `file` with the injection configuration that is to be installed (default: the built-in profile)")
	flags.StringVar(&options.files.Values, "values", "", "with --pre: `file` with values that override the profile's")
	flags.StringVar(&options.files.Profile, "profile", "", "with --pre: `folder` of a profile of your own, or the name of a built-in one")
	flags.StringVar(&options.certManager, "cert-manager-namespace", "cert-manager", "with --pre: `namespace` where cert-manager runs")
	flags.StringArrayVar(&options.replicas, "replica", nil, "`host:port` where a replica serves, instead of looking up the Service's pods and forwarding to them; may be repeated")
	options.cluster.Add(flags)
	flags.Lookup("namespace").Usage = "with --pre: the `namespace` to install it in (default \"" + certificates.DefaultName + "\")"
	completeCluster(command, options.cluster)
	completeWith(command, "output", "text", "json", "yaml")
	return lookingFor(command)
}

func (o *checkOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	write, err := parseDataFormat(o.output, func(report *check.Report, out io.Writer) error {
		return report.Write(out, check.Look{Width: terminal.Width(out), Styles: terminal.StylesFor(out, os.Getenv)})
	})
	if err != nil {
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	connection, err := o.cluster.Connect(version.Program())
	if err != nil {
		return err
	}
	asked, err := discovery.NewDiscoveryClientForConfig(connection.Config)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	progress := terminal.NewProgress(stderr, "checking", 0)
	report, err := o.check(ctx, connection, check.Cluster{Client: connection.Client, Discovery: asked, CertManagerNamespace: o.certManager})
	progress.Done()
	if err != nil {
		return advise(err)
	}
	if err := write(report, stdout); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if !report.OK || o.strict && report.Count(check.Warning) > 0 {
		return errFound
	}
	return nil
}

// validate checks the flags; its errors are wrong usage.
func (o *checkOptions) validate() error {
	files := o.files.Config != "" || o.files.Values != "" || o.files.Profile != ""
	switch {
	case files && !o.pre:
		return usageErrorf("--config, --values and --profile are for --pre: an installed injector has its own")
	case len(o.replicas) > 0 && o.pre:
		return usageErrorf("--replica is for an installed injector, not for --pre")
	}
	if err := o.files.Validate(); err != nil {
		return &usageError{err}
	}
	options := certificates.Options{Namespace: o.cluster.GivenNamespace(), Name: o.cluster.Injector, Replicas: o.replicas}
	if err := options.Validate(); err != nil {
		return &usageError{err}
	}
	return nil
}

func (o *checkOptions) check(ctx context.Context, connection *cluster.Cluster, asked check.Cluster) (*check.Report, error) {
	if !o.pre {
		return o.after(ctx, connection, asked)
	}
	before := check.BeforeOptions{Cluster: asked, Namespace: o.cluster.GivenNamespace(), Name: o.cluster.Injector}
	if before.Namespace == "" {
		before.Namespace = certificates.DefaultName
	}
	if before.Name == "" {
		before.Name = certificates.DefaultName
	}
	var err error
	if before.Config, err = o.files.Load(ctx, configuration.Overrides{}); err != nil {
		return nil, err
	}
	if before.Webhooks, err = selection.Default(before.Config); err != nil {
		return nil, err
	}
	return check.Before(ctx, before)
}

func (o *checkOptions) after(ctx context.Context, connection *cluster.Cluster, asked check.Cluster) (*check.Report, error) {
	after := check.AfterOptions{Cluster: asked, Now: time.Now}
	after.Injector, after.Problem = connection.Injector(ctx)
	if after.Injector != nil {
		options := certificates.Options{Config: connection.Config, Name: after.Injector.Configuration.Name, Replicas: o.replicas}
		if after.Injector.Deployment != nil {
			options.Namespace = after.Injector.Deployment.Namespace
		}
		looks, err := certificates.New(options)
		if err != nil {
			return nil, err
		}
		after.Certificates = looks.Status
	}
	return check.After(ctx, after)
}
