package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/audit"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
)

// auditOptions are the flags of audit.
type auditOptions struct {
	cluster      *cluster.Flags
	output       string
	restart, yes bool
	timeout      time.Duration
	proposed     proposal
	gateway      string
	injector     string // the name of the one that was found
}

func newAuditCommand() *cobra.Command {
	options := auditOptions{cluster: cluster.NewFlags()}
	command := &cobra.Command{
		Use:   "audit",
		Short: "Find the live pods whose sidecar is not what it should be",
		Long: `Look at the live pods of the cluster, or of one namespace (-n), and find those
whose sidecar is not what it should be, by workload, what to do first:

  missing    it should have a sidecar and has none
  failed     its injection would fail today
  unwanted   it has a sidecar and should have none
  outdated   its sidecar is of older templates or values
  image      an injected container runs another image than the one it was given
  not_ready  its sidecar does not come up: it fails, or is not ready after a
             minute

What a pod should have is what the webhook's own rules and templates say of it.
Pods that have ended are not looked at, nor are the sidecars of other injectors.

With --restart the workloads that new pods help (Deployments, StatefulSets and
DaemonSets) are restarted as kubectl rollout restart does, one after the other.
The first that does not come up, or whose new pods are no better, ends it. One
whose rollout is paused or held back is left alone, and one that was restarted
already is not restarted again.

With --config, --values, --profile, --set or --template the pods are judged by a
configuration that is proposed: what is found is what would be so after the
change, for pods that are not created anew. 'preview TYPE/NAME' with the same
flags shows what a workload would get.

Exit code 0 if nothing is found, 1 if something is (with --restart: if something
is left), 2 after an error.

It needs the rights to list pods and namespaces (with -n: to list the pods and
get the namespace), to list MutatingWebhookConfigurations (with --injector: to
get one), and in the injector's namespace to get its Service and ConfigMap and
to list Deployments; beside Istio to get Istio's ConfigMaps and to list nodes
and ProxyConfigs. --restart gets and patches the workloads.`,
		Example: `  # The whole cluster.
  sidecar-injector audit

  # One namespace, with details.
  sidecar-injector audit -n shop -o wide

  # Which workloads would another value change? --config names a whole file.
  sidecar-injector audit --set proxy.logLevel=debug

  # Restart what is outdated or lacks its sidecar, after a question.
  sidecar-injector audit -n shop --restart`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command.Context(), command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVarP(&options.output, "output", "o", "text", "text, wide, json or yaml")
	options.cluster.AddSelection(flags)
	options.proposed.add(flags)
	flags.StringVar(&options.gateway, "push-gateway", "", "also send the numbers of what is found to the Prometheus Pushgateway at this `url`")
	flags.BoolVar(&options.restart, "restart", false, "restart the workloads that new pods help")
	flags.BoolVar(&options.yes, "yes", false, "with --restart: do not ask")
	flags.DurationVar(&options.timeout, "timeout", 5*time.Minute, "with --restart: how long each workload may take to come up")
	options.cluster.Add(flags)
	completeCluster(command, options.cluster)
	completeWith(command, "output", "text", formatWide, "json", "yaml")
	return lookingFor(command)
}

func (o *auditOptions) run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	write, err := o.writer(stdout)
	switch {
	case err != nil:
		return err
	case o.restart && o.proposed.any():
		return usageErrorf("--restart is for the cluster's own configuration, not for a proposed one")
	case o.yes && !o.restart:
		return usageErrorf("--yes is for --restart")
	case o.gateway != "" && !isHTTP(o.gateway):
		return usageErrorf("--push-gateway: %q is no URL such as http://pushgateway.monitoring:9091", o.gateway)
	case o.timeout <= 0:
		return usageErrorf("--timeout must be more than 0, is %s", o.timeout)
	case o.restart && !o.yes && !terminal.Is(stdin):
		return usageErrorf("--restart asks first, and standard input is no terminal: --yes answers")
	}
	connection, err := o.cluster.Connect(version.Program())
	if err != nil {
		return err
	}
	auditor, report, err := o.look(ctx, connection, stderr)
	if err != nil {
		return err
	}
	if err := write(report, stdout); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if o.restart && len(report.Findings) > 0 {
		restarter := &audit.Restarter{Client: connection.Client, Pods: podsOf(connection), Auditor: auditor, Timeout: o.timeout, Now: time.Now}
		restarted, err := o.restartAll(ctx, restarter, report, stdin, stderr)
		if err != nil {
			return err
		}
		if restarted {
			if _, report, err = o.look(ctx, connection, stderr); err != nil {
				return err
			}
			fmt.Fprintln(stderr, "afterwards:", report.Summary())
		}
	}
	if o.gateway != "" {
		if err := report.Push(ctx, o.gateway, o.injector, time.Now()); err != nil {
			return err
		}
	}
	if len(report.Findings) > 0 {
		return errFound
	}
	return nil
}

// isHTTP says whether a text is the URL of an HTTP server.
func isHTTP(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

// writer returns what writes a report in the format of -o.
func (o *auditOptions) writer(stdout io.Writer) (func(*audit.Report, io.Writer) error, error) {
	look, format := audit.Look{Width: terminal.Width(stdout), Styles: terminal.StylesFor(stdout, os.Getenv)}, o.output
	if format == formatWide {
		look.Wide, format = true, "text"
	}
	write, err := parseDataFormat(format, func(report *audit.Report, out io.Writer) error { return report.Write(out, look) })
	if err != nil {
		return nil, unknownFormat(o.output, "text", formatWide, "json", "yaml")
	}
	return write, nil
}

// look looks at all pods that are asked for.
func (o *auditOptions) look(ctx context.Context, connection *cluster.Cluster, stderr io.Writer) (*audit.Auditor, *audit.Report, error) {
	progress := terminal.NewProgress(stderr, "looking at pods", 0)
	defer progress.Done()
	options, err := o.selected()
	if err != nil {
		return nil, nil, err
	}
	auditor, err := o.auditor(ctx, connection)
	var collector audit.Collector
	if err == nil {
		err = podsOf(connection)(ctx, func(pods []corev1.Pod) error {
			defer progress.Add(len(pods))
			return auditor.Collect(ctx, pods, &collector)
		}, options...)
		if err != nil {
			err = o.scoped(fmt.Errorf("list pods: %w", err))
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, nil, errors.New("interrupted")
	case err != nil:
		return nil, nil, err
	}
	return auditor, collector.Report(), nil
}

// scoped adds to an error of who may not look at the whole cluster that there is less to ask for.
func (o *auditOptions) scoped(err error) error {
	if apierrors.IsForbidden(err) && o.namespace() == "" {
		return fmt.Errorf("%w; this looks at the whole cluster, -n at one namespace", err)
	}
	return err
}

// podsOf lists the pods of a cluster in pages.
func podsOf(connection *cluster.Cluster) func(context.Context, func([]corev1.Pod) error, ...client.ListOption) error {
	return func(ctx context.Context, visit func([]corev1.Pod) error, options ...client.ListOption) error {
		page := &corev1.PodList{}
		return installed.EachPage(ctx, connection.Client, page, func() error { return visit(page.Items) }, options...)
	}
}

// namespace is the only one that is looked at, empty for all. That of the kubeconfig's context does not count: an audit is
// of the whole cluster unless it says otherwise.
func (o *auditOptions) namespace() string {
	if o.cluster.AllNamespaces {
		return ""
	}
	return o.cluster.GivenNamespace()
}

// selected says which pods are listed.
func (o *auditOptions) selected() ([]client.ListOption, error) {
	selector, err := labels.Parse(o.cluster.Selector)
	if err != nil {
		return nil, usageErrorf("-l: %w", err)
	}
	return []client.ListOption{client.InNamespace(o.namespace()), client.MatchingLabelsSelector{Selector: selector}}, nil
}

// auditor returns what judges pods by what the cluster's injector runs with.
func (o *auditOptions) auditor(ctx context.Context, connection *cluster.Cluster) (*audit.Auditor, error) {
	injector, err := connection.Injector(ctx)
	if err != nil {
		return nil, err
	}
	o.injector = injector.Configuration.Name
	var live []metav1.ObjectMeta
	if name := o.namespace(); name != "" {
		var only corev1.Namespace
		if err := connection.Client.Get(ctx, client.ObjectKey{Name: name}, &only); err != nil {
			return nil, fmt.Errorf("read namespace %q: %w", name, err)
		}
		live = append(live, only.ObjectMeta)
	} else if live, err = connection.Namespaces(ctx); err != nil {
		return nil, o.scoped(err)
	}
	namespaces, err := manifest.NewNamespaces(nil, nil, live...)
	if err != nil {
		return nil, err
	}
	config, err := o.proposed.config(ctx, injector)
	if err != nil {
		return nil, err
	}
	return audit.New(audit.Options{Config: config, Webhooks: injector.Webhooks, Namespaces: namespaces, Now: time.Now()})
}
