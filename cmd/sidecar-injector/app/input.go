package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/cluster"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/configuration"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/internal/version"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// workloadOptions are the flags that say which workloads a command is about.
type workloadOptions struct {
	sources manifest.Sources
	verbose bool
	// templates say where pod templates stand, as manifest.ParseTemplatePath reads it; check makes paths of them.
	templates []string
	paths     []manifest.TemplatePath
	cluster   *cluster.Flags
}

// add adds the flags but for those of the connection to a cluster, which come last in a command.
func (o *workloadOptions) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringSliceVarP(&o.sources.Filenames, "filename", "f", nil, "`file`, pattern, directory or URL with workloads, or - for standard input; may be repeated")
	flags.BoolVarP(&o.sources.Recursive, "recursive", "R", false, "read the subdirectories of directories too")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "with -R: name the files that are passed over, as they hold no Kubernetes object")
	flags.StringVarP(&o.sources.Kustomize, "kustomize", "k", "", "`directory` with a kustomization")
	flags.BoolVar(&o.sources.AllowRemote, "allow-remote", false, "with -k: fetch what the kustomization includes from elsewhere, by HTTP or with git")
	flags.StringArrayVar(&o.templates, "pod-template-path", nil, "where the pod templates of a kind stand, as `KIND=PATH`, such as Runner=spec.workers[*].pod; may be repeated")
	o.cluster.AddSelection(flags)
}

// read reads the workloads; connection may be nil if no live object is named.
func (o *workloadOptions) read(command *cobra.Command, connection *cluster.Cluster, arguments []string) ([]manifest.Document, error) {
	documents, err := o.documents(command, connection, arguments)
	for i := range documents {
		documents[i].Paths = o.paths
	}
	return documents, err
}

func (o *workloadOptions) documents(command *cobra.Command, connection *cluster.Cluster, arguments []string) ([]manifest.Document, error) {
	if len(arguments) > 0 {
		return liveDocuments(connection, arguments)
	}
	sources := o.sources
	sources.Stdin = command.InOrStdin()
	var passed []string
	sources.PassedOver = func(path string) { passed = append(passed, path) }
	documents, err := sources.Read(command.Context())
	if err == nil && len(passed) > 0 {
		o.tell(command.ErrOrStderr(), passed)
	}
	return documents, err
}

// tell tells which files were passed over.
func (o *workloadOptions) tell(stderr io.Writer, passed []string) {
	files, hint := fmt.Sprintf("%d files hold", len(passed)), " (-v names them)"
	if len(passed) == 1 {
		files, hint = "1 file holds", " (-v names it)"
	}
	if o.verbose {
		hint = ":"
	}
	fmt.Fprintf(stderr, "passed over: %s no Kubernetes object%s\n", files, hint)
	if o.verbose {
		for _, path := range passed {
			fmt.Fprintln(stderr, " ", terminal.Text(path))
		}
	}
}

// inputOptions are the flags that say which workloads a command is about, and what they meet: those that preview and
// explain have in common.
type inputOptions struct {
	workloadOptions
	live            bool
	namespaceLabels string
	files           configuration.Files
	over            configuration.Overrides
	// noneToo says that a cluster without an injector is no error.
	noneToo bool
}

func newInputOptions() *inputOptions {
	return &inputOptions{workloadOptions: workloadOptions{cluster: cluster.NewFlags()}}
}

func (o *inputOptions) add(flags *pflag.FlagSet) {
	o.workloadOptions.add(flags)
	flags.StringVar(&o.namespaceLabels, "namespace-labels", "", "`labels` that every namespace has, as key=value,key=value; they win over others")
	flags.BoolVar(&o.live, "live", false, "files too meet the cluster: its injector's configuration and webhooks, its namespaces")
	flags.StringVar(&o.files.Config, "config", "", "`file` with the injection configuration (default: the cluster's, or without one the built-in profile)")
	flags.StringVar(&o.files.Values, "values", "", "`file` with values that override the profile's; with --inject-config, Istio's values")
	flags.StringVar(&o.files.Profile, "profile", "", "`folder` of a profile of your own, or the name of a built-in one (default: the configuration's)")
	flags.StringArrayVar(&o.files.Sources, "source", nil, "`file` with a ConfigMap of the mesh from which the profile takes values; may be repeated")
	flags.StringArrayVar(&o.over.Set, "set", nil, "a value to try, as `key.key=value`, the value in YAML; may be repeated")
	flags.StringArrayVar(&o.over.Templates, "template", nil, "`file` with a template to try: in place of the one of its name, or after the default ones; may be repeated")
	flags.StringVar(&o.files.InjectConfig, "inject-config", "", "`file` with Istio's injection configuration, or a directory with Istio's exported ConfigMaps; implies the profile istio")
	flags.StringVar(&o.files.MeshConfig, "mesh-config", "", "`file` with Istio's mesh configuration, beside --inject-config")
	flags.StringVar(&o.files.Revision, "revision", "", "Istio's `revision`, beside --inject-config")
	o.cluster.Add(flags)
}

// input is what a command works on.
type input struct {
	documents []manifest.Document
	// namespace is where objects go that name none.
	namespace  string
	namespaces *manifest.Namespaces
	live       []metav1.ObjectMeta // the cluster's namespaces
	config     *webhook.Config
	handler    *webhook.Handler
	webhooks   *selection.Webhooks
	// cluster and injector are nil if no cluster is looked at; injector is nil too if none is found, and problem says why
	// it, or a part of it, is not.
	cluster  *cluster.Cluster
	injector *installed.Injector
	problem  error
}

// read reads everything that check let through. What is live comes from the cluster, and so does the configuration then,
// unless files name one.
func (o *inputOptions) read(command *cobra.Command, arguments []string) (*input, error) {
	ctx := command.Context()
	in := &input{namespace: o.cluster.GivenNamespace()}
	var err error
	if o.live || len(arguments) > 0 {
		if err := in.connect(ctx, o); err != nil {
			return nil, err
		}
	}
	if err := in.configure(ctx, o); err != nil {
		return nil, err
	}
	if in.documents, err = o.workloadOptions.read(command, in.cluster, arguments); err != nil {
		return nil, err
	}
	if err := in.namespacesOneByOne(ctx, o.namespaceLabels != ""); err != nil {
		return nil, err
	}
	labels, err := manifest.ParseLabels(o.namespaceLabels)
	if err != nil {
		return nil, err
	}
	if in.namespaces, err = manifest.NewNamespaces(in.documents, labels, in.live...); err != nil {
		return nil, err
	}
	in.handler, err = webhook.New(webhook.Options{Config: in.config, Namespaces: in.namespaces})
	return in, err
}

// connect looks for the injector and the cluster's namespaces.
func (in *input) connect(ctx context.Context, o *inputOptions) error {
	var err error
	if in.cluster, err = o.cluster.Connect(version.Program()); err != nil {
		return err
	}
	in.namespace = in.cluster.Namespace
	in.injector, in.problem = in.cluster.Injector(ctx)
	if in.problem != nil && !o.named() && (!o.noneToo || !errors.Is(in.problem, installed.ErrNone)) {
		return advise(in.problem)
	}
	in.live, err = in.cluster.Namespaces(ctx)
	if apierrors.IsForbidden(err) {
		return nil // Those that matter are read one by one.
	}
	return err
}

// named says that files name the configuration.
func (o *inputOptions) named() bool {
	return o.files.Config != "" || o.files.Values != "" || o.files.InjectConfig != "" || o.files.Profile != "" || len(o.files.Sources) > 0
}

// configure makes the configuration, and says which webhooks are asked.
func (in *input) configure(ctx context.Context, o *inputOptions) error {
	var err error
	if in.injector != nil && !o.named() {
		in.config, err = o.over.Apply(in.injector.Inputs)
	} else {
		in.config, err = o.files.Load(ctx, o.over)
	}
	if err != nil {
		return err
	}
	if in.injector != nil {
		in.webhooks = in.injector.Webhooks
		return nil
	}
	if in.problem != nil && !o.named() {
		in.webhooks, err = selection.New(&admissionregistrationv1.MutatingWebhookConfiguration{})
		return err
	}
	in.webhooks, err = selection.Default(in.config)
	return err
}

// liveDocuments reads the objects that arguments name.
func liveDocuments(connection *cluster.Cluster, arguments []string) ([]manifest.Document, error) {
	objects, err := connection.Objects(arguments)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w in the namespace %q: -n names another", err, connection.Namespace)
	}
	if err != nil {
		return nil, err
	}
	documents := make([]manifest.Document, len(objects))
	for i, object := range objects {
		documents[i] = manifest.FromObject(strings.ToLower(object.GetKind())+"/"+object.GetName(), object.Object)
	}
	return documents, nil
}
