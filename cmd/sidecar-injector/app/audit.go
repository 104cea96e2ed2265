package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/audit"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// auditOptions are the flags of audit.
type auditOptions struct {
	cluster      *cluster.Flags
	output       string
	restart, yes bool
	timeout      time.Duration
}

func newAuditCommand() *cobra.Command {
	options := auditOptions{cluster: cluster.NewFlags()}
	command := &cobra.Command{
		Use:   "audit",
		Short: "Find the live pods whose sidecar is not what it should be",
		Long: `Look at the live pods of the cluster, or of one namespace (-n), and find those
whose sidecar is not what it should be:

  missing    it should have a sidecar and has none
  failed     its injection would fail today
  unwanted   it has a sidecar and should have none
  outdated   its sidecar is of older templates or values
  image      an injected container runs another image than the one it was given
  not_ready  its sidecar is not ready

What a pod should have is what the webhook's own rules and templates say of it.
Pods that have ended are not looked at.

Exit code 0 if nothing is found, 1 if something is, 2 after an error.

With --restart the workloads that new pods help are restarted, as kubectl
rollout restart does, one after the other; the first that does not come up ends
it.`,
		Example: `  # The whole cluster.
  sidecar-injector audit

  # One namespace, with details.
  sidecar-injector audit -n shop -o wide

  # Restart what is outdated or lacks its sidecar, after a question.
  sidecar-injector audit -n shop --restart`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return looking(options.run(command.Context(), command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr()))
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVarP(&options.output, "output", "o", "text", "text, wide, json or yaml")
	options.cluster.AddSelection(flags)
	flags.BoolVar(&options.restart, "restart", false, "restart the workloads that new pods help")
	flags.BoolVar(&options.yes, "yes", false, "with --restart: do not ask")
	flags.DurationVar(&options.timeout, "timeout", 5*time.Minute, "with --restart: how long each workload may take to come up")
	options.cluster.Add(flags)
	completeCluster(command, options.cluster)
	completeWith(command, "output", "text", "wide", "json", "yaml")
	return command
}

func (o *auditOptions) run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	wide := o.output == "wide"
	format := o.output
	if wide {
		format = "text"
	}
	write, err := parseDataFormat(format, func(report *audit.Report, out io.Writer) error { return report.Write(out, wide) })
	switch {
	case err != nil:
		return usageErrorf("-o: unknown output format %q, want one of text, wide, json, yaml", o.output)
	case o.yes && !o.restart:
		return usageErrorf("--yes is for --restart")
	case o.timeout <= 0:
		return usageErrorf("--timeout must be more than 0, is %s", o.timeout)
	}
	connection, err := o.cluster.Connect(programVersion())
	if err != nil {
		return err
	}
	progress := terminal.NewProgress(stderr, "looking at pods", 0)
	report, err := o.look(ctx, connection, progress)
	progress.Done()
	if err != nil {
		return err
	}
	if err := write(report, stdout); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if o.restart {
		return o.restartAll(ctx, connection.Client, report, stdin, stderr)
	}
	if len(report.Findings) > 0 {
		return errFound
	}
	return nil
}

// look looks at all pods that are asked for.
func (o *auditOptions) look(ctx context.Context, connection *cluster.Cluster, progress *terminal.Progress) (*audit.Report, error) {
	injector, err := connection.Injector(ctx)
	if err != nil {
		return nil, err
	}
	live, err := connection.Namespaces(ctx)
	if err != nil {
		return nil, err
	}
	namespaces, err := manifest.NewNamespaces(nil, nil, live...)
	if err != nil {
		return nil, err
	}
	auditor, err := audit.New(audit.Options{Config: injector.Config, Webhooks: injector.Webhooks, Namespaces: namespaces})
	if err != nil {
		return nil, err
	}
	var options []client.ListOption
	if namespace := o.cluster.GivenNamespace(); namespace != "" && !o.cluster.AllNamespaces {
		options = append(options, client.InNamespace(namespace))
	}
	if o.cluster.Selector != "" {
		selector, err := labels.Parse(o.cluster.Selector)
		if err != nil {
			return nil, usageErrorf("-l: %w", err)
		}
		options = append(options, client.MatchingLabelsSelector{Selector: selector})
	}
	var collector audit.Collector
	page := &corev1.PodList{}
	err = installed.EachPage(ctx, connection.Client, page, func() error {
		defer progress.Add(len(page.Items))
		return lookAtPage(ctx, auditor, &collector, page.Items)
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("look at the pods: %w", err)
	}
	return collector.Report(), nil
}

// lookAtPage looks at the pods of one page, side by side.
func lookAtPage(ctx context.Context, auditor *audit.Auditor, collector *audit.Collector, pods []corev1.Pod) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			for i := worker; i < len(pods) && errs[worker] == nil; i += workers {
				errs[worker] = auditor.Collect(ctx, &pods[i], collector)
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// restartAll restarts the workloads that new pods help, if whoever is asked says yes.
func (o *auditOptions) restartAll(ctx context.Context, connection client.Client, report *audit.Report, stdin io.Reader, stderr io.Writer) error {
	restart, others := report.Restartable()
	for _, other := range others {
		fmt.Fprintf(stderr, "%s %s/%s is not restarted: its pods have to be made anew\n", other.Kind, other.Namespace, other.Name)
	}
	if len(restart) == 0 {
		fmt.Fprintln(stderr, "no workload to restart")
		return nil
	}
	if !o.yes {
		agreed, err := ask(stdin, stderr, fmt.Sprintf("Restart %d workloads, one after the other? [y/N] ", len(restart)))
		if err != nil || !agreed {
			return err
		}
	}
	restarter := audit.Restarter{Client: connection, Timeout: o.timeout, Progress: stderr, Now: time.Now}
	return restarter.Restart(ctx, restart)
}

// ask asks whoever is at the terminal; without one it is an error.
func ask(stdin io.Reader, stderr io.Writer, question string) (bool, error) {
	if !terminal.Is(stdin) {
		return false, errors.New("--restart asks first, and standard input is no terminal: --yes answers")
	}
	fmt.Fprint(stderr, question)
	answer, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}
