package app

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/explain"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	*inputOptions
	output string
}

func newExplainCommand() *cobra.Command {
	options := explainOptions{inputOptions: newInputOptions()}
	command := &cobra.Command{
		Use:   "explain (TYPE/NAME ... | -f FILE | -k DIRECTORY)",
		Short: "Say why a pod is injected or not, and what would change it",
		Long: `Say why a pod, or the pods of a workload, are injected or not: which webhook the
API server asks, what each rule saw and said, in order of precedence, and which
one decided. What would make it different was tried before it is told.

Of a live pod it says too whether its sidecar is there and is today's, and if it
is missing, when and how that happened as far as the cluster shows.

Live objects meet what the cluster's injector runs with. Files need no cluster;
with --live they meet the same.`,
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
			return options.run(command.Context(), arguments, command.InOrStdin(), command.OutOrStdout())
		},
	}
	options.add(command.Flags())
	command.ValidArgsFunction = completeWorkloads(options.cluster)
	command.Flags().StringVarP(&options.output, "output", "o", "text", "text, json or yaml")
	completeCluster(command, options.cluster)
	completeWith(command, "output", "text", "json", "yaml")
	return command
}

func (o *explainOptions) run(ctx context.Context, arguments []string, stdin io.Reader, stdout io.Writer) error {
	if err := o.check(arguments); err != nil {
		return err
	}
	write, err := parseDataFormat(o.output, func(explained []explain.Explanation, out io.Writer) error {
		return explain.Write(out, explained, terminal.StylesFor(out, os.Getenv))
	})
	if err != nil {
		return err
	}
	in, err := o.read(ctx, arguments, stdin)
	if err != nil {
		return err
	}
	explainer, err := explain.New(in.explaining())
	if err != nil {
		return err
	}
	explained, err := explainer.Explain(ctx, in.documents)
	if err != nil {
		return err
	}
	if err := write(explained, stdout); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// explaining returns the options of an Explainer for the input.
func (in *input) explaining() explain.Options {
	options := explain.Options{Handler: in.handler, Webhooks: in.webhooks, Namespaces: in.namespaces, Namespace: in.namespace}
	if in.cluster == nil {
		return options
	}
	options.Pods = in.pods
	options.History.Namespaces = map[string]*metav1.ObjectMeta{}
	for i := range in.live {
		options.History.Namespaces[in.live[i].Name] = &in.live[i]
	}
	if in.injector != nil {
		options.History.Configuration, options.History.Deployment = in.injector.Configuration, in.injector.Deployment
	}
	return options
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
