package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/explain"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	*inputOptions
	output string
}

func newExplainCommand() *cobra.Command {
	options := explainOptions{inputOptions: newInputOptions()}
	options.noneToo = true
	command := &cobra.Command{
		Use:   "explain (TYPE/NAME ... | -f FILE | -k DIRECTORY)",
		Short: "Say why a pod is injected or not, and what would change it",
		Long: `Say why a pod, or the pods of a workload, are injected or not, and what would
make it different, which was tried before it is told; then which webhook the API
server asks, and which rule decided. With -o wide it shows all rules, in order
of precedence, with what each saw and said.

Of a live pod it says too whether its sidecar is there and is today's, and if it
is missing, when and how that happened as far as the cluster shows.

Live objects meet what the cluster's injector runs with. Files need no cluster;
with --live they meet the same.

As data (-o json, -o yaml) it is a list with an object of each workload:
  apiVersion, kind, namespace, name
  template  where the pod template stands, of an object that has several
  verdict   inject, skip, not_called, failed, refused or unknown (a kind whose
            pods are not known before they are created); with reason, the short
            word of the rule that decided (none if the API server decides), and
            because, the same in a sentence
  templates, warnings
            those that are applied, and those that the webhook answers
  webhooks  the injector's entries, what each checks and whether it is called;
            scope is the one that is called, or comes closest; assumed says what
            they are if not the cluster's; others are webhooks of other
            configurations that are called too
  rules     what each rule saw and said, in order of precedence
  state     of a live pod: sidecar (none, current, outdated, other_injector,
            missing or unwanted), record, today and history
  pods      of a live workload: how many live pods are with and without, of
            these outdated and otherInjector
  renew     how the live pods become what new ones would be, and the command
  remedies  what would make it different: change, command, and verdict after it`,
		SuggestFor: []string{"why", "describe"},
		Example: `  # Why has this pod no sidecar?
  sidecar-injector explain pod/myapp-7d4f9 -n shop

  # And the pods of this workload?
  sidecar-injector explain deployment/myapp -n shop

  # Before it exists, in a namespace that opted in.
  sidecar-injector explain -f examples/quiet.yaml \
      --namespace-labels istio-injection=enabled

  # As data.
  sidecar-injector explain -f examples/myapp.yaml -o json`,
		RunE: func(command *cobra.Command, arguments []string) error {
			return options.run(command, arguments)
		},
	}
	options.add(command.Flags())
	command.ValidArgsFunction = completeWorkloads(options.cluster)
	command.Flags().StringVarP(&options.output, "output", "o", "text", "text, wide, json or yaml")
	completeCluster(command, options.cluster)
	completeWith(command, "output", "text", formatWide, "json", "yaml")
	return command
}

func (o *explainOptions) run(command *cobra.Command, arguments []string) error {
	ctx := command.Context()
	if err := o.check(command, arguments); err != nil {
		return err
	}
	look, format := explain.Look{}, o.output
	if format == formatWide {
		look.Wide, format = true, "text"
	}
	write, err := parseDataFormat(format, func(explained []explain.Explanation, out io.Writer) error {
		look.Styles = terminal.StylesFor(out, os.Getenv)
		return explain.Write(out, explained, look)
	})
	if err != nil {
		return unknownFormat(o.output, "text", formatWide, "json", "yaml")
	}
	in, err := o.read(command, arguments)
	if err != nil {
		return err
	}
	asks, err := in.explaining(ctx)
	if err != nil {
		return err
	}
	asks.Kubectl = o.cluster.Kubectl()
	explainer, err := explain.New(asks)
	if err != nil {
		return err
	}
	explained, err := explainer.Explain(ctx, in.documents)
	if err != nil {
		return err
	}
	if err := write(explained, command.OutOrStdout()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// explaining returns the options of an Explainer for the input.
func (in *input) explaining(ctx context.Context) (explain.Options, error) {
	options := explain.Options{Handler: in.handler, Webhooks: in.webhooks, Namespaces: in.namespaces, Namespace: in.namespace, Assumed: in.assumed()}
	if in.cluster == nil {
		return options, nil
	}
	options.Pods = in.pods
	options.History.Namespaces = map[string]*metav1.ObjectMeta{}
	for i := range in.live {
		options.History.Namespaces[in.live[i].Name] = &in.live[i]
	}
	if in.injector != nil {
		options.History.Configuration, options.History.Deployment = in.injector.Configuration, in.injector.Deployment
		options.History.ConfigMap = in.injector.ConfigMap
	}
	var err error
	options.Others, err = in.otherWebhooks(ctx)
	return options, err
}

// assumed says what the webhooks are, if they are not the cluster's.
func (in *input) assumed() string {
	switch {
	case in.cluster == nil:
		return "as the chart installs it; --live asks the cluster's own"
	case in.injector != nil || in.webhooks.None():
		return ""
	case errors.Is(in.problem, installed.ErrNone):
		return "as the chart would install it; the cluster has no injector"
	default:
		return "as the chart installs it; the cluster's own cannot be read: " + in.problem.Error()
	}
}

// otherWebhooks are those of all other configurations; who may not list them does without.
func (in *input) otherWebhooks(ctx context.Context) (map[string]*selection.Webhooks, error) {
	list := &admissionregistrationv1.MutatingWebhookConfigurationList{}
	err := in.cluster.Client.List(ctx, list)
	if apierrors.IsForbidden(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list MutatingWebhookConfigurations: %w", err)
	}
	others := map[string]*selection.Webhooks{}
	for i := range list.Items {
		name := list.Items[i].Name
		if in.injector != nil && name == in.injector.Configuration.Name {
			continue
		}
		if others[name], err = selection.New(&list.Items[i]); err != nil {
			return nil, fmt.Errorf("read MutatingWebhookConfiguration %q: %w", name, err)
		}
	}
	return others, nil
}

// pods lists live pods.
func (in *input) pods(ctx context.Context, namespace string, selector labels.Selector) ([]map[string]any, error) {
	list := &corev1.PodList{}
	if err := in.cluster.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return nil, fmt.Errorf("list pods in %q: %w", namespace, err)
	}
	var err error
	pods := make([]map[string]any, len(list.Items))
	for i := range list.Items {
		list.Items[i].SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
		if pods[i], err = runtime.DefaultUnstructuredConverter.ToUnstructured(&list.Items[i]); err != nil {
			return nil, fmt.Errorf("decode pod %q: %w", list.Items[i].Name, err)
		}
	}
	return pods, nil
}
