package cluster

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Flags say which cluster, and what of it. Create them with NewFlags.
type Flags struct {
	kube *genericclioptions.ConfigFlags
	// Injector is the name of the MutatingWebhookConfiguration of the injector that is meant. Empty: the only one.
	Injector string
	// AllNamespaces and Selector (labels) choose objects.
	AllNamespaces bool
	Selector      string
}

// NewFlags returns flags that are not set.
func NewFlags() *Flags {
	kube := genericclioptions.NewConfigFlags(true)
	// What is discovered is not kept: a command looks once.
	kube.CacheDir = nil
	// --server is preview's own.
	kube.APIServer = nil
	return &Flags{kube: kube}
}

// AddConnection adds the flags that say which cluster, as kubectl has them.
func (f *Flags) AddConnection(flags *pflag.FlagSet) { AddConnection(flags, f.kube) }

// connectionAnnotation marks flags that are of interest to few, as they only say how to reach a cluster.
const connectionAnnotation = "sidecar-injector/connection"

// AddConnection adds kubectl's flags for a connection. Those but -n are then IsConnectionFlag.
func AddConnection(flags *pflag.FlagSet, connection *genericclioptions.ConfigFlags) {
	kube := pflag.NewFlagSet("", pflag.ContinueOnError)
	kube.SortFlags = false
	connection.AddFlags(kube)
	kube.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "namespace" {
			flag.Annotations = map[string][]string{connectionAnnotation: nil}
		}
		flags.AddFlag(flag)
	})
}

// IsConnectionFlag says whether a flag only says how to reach a cluster.
func IsConnectionFlag(flag *pflag.Flag) bool {
	_, marked := flag.Annotations[connectionAnnotation]
	return marked
}

// Add is AddConnection, and adds --injector.
func (f *Flags) Add(flags *pflag.FlagSet) {
	f.AddConnection(flags)
	flags.StringVar(&f.Injector, "injector", "", "`name` of the injector's MutatingWebhookConfiguration, where several injectors are installed")
}

// AddSelection adds the flags that choose objects, as kubectl has them.
func (f *Flags) AddSelection(flags *pflag.FlagSet) {
	flags.BoolVarP(&f.AllNamespaces, "all-namespaces", "A", false, "look in all namespaces")
	flags.StringVarP(&f.Selector, "selector", "l", "", "label `selector`, as kubectl takes it")
}

// GivenNamespace is the namespace that -n names, empty if it names none.
func (f *Flags) GivenNamespace() string { return *f.kube.Namespace }

// Connect reads the kubeconfig; nothing is asked of the API server yet. version is the program's, for the user agent.
func (f *Flags) Connect(version string) (*Cluster, error) {
	config, err := RESTConfig(f.kube, version)
	if err != nil {
		return nil, err
	}
	// Warnings are for who writes objects.
	config.WarningHandler = rest.NoWarnings{}
	if config.QPS == 0 {
		// A command is a person's: it may ask quickly, and the API server has priorities of its own.
		config.QPS, config.Burst = 50, 300
	}
	c := &Cluster{flags: f, Config: config}
	if c.Namespace, _, err = f.kube.ToRawKubeConfigLoader().Namespace(); err != nil {
		return nil, fmt.Errorf("find the namespace: %w", err)
	}
	if c.Client, err = client.New(config, client.Options{Scheme: newScheme(), Mapper: newMapper()}); err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	return c, nil
}

// RESTConfig returns how to reach the cluster that flags name, for the caller to change. Where no kubeconfig names one, that is
// an error, and not the API server on this machine's port 8080 that Kubernetes' library would go on with. version is the
// program's, for the user agent.
func RESTConfig(flags *genericclioptions.ConfigFlags, version string) (*rest.Config, error) {
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	loader := flags.ToRawKubeConfigLoader()
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	if api.IsConfigEmpty(&raw) && config.Host == clientcmd.ClusterDefaults.Server && os.Getenv(masterVariable) == "" {
		return nil, fmt.Errorf("find the cluster: there is no kubeconfig, looked for %s: --kubeconfig or the variable KUBECONFIG names one",
			strings.Join(loader.ConfigAccess().GetLoadingPrecedence(), " and "))
	}
	config = rest.CopyConfig(config)
	config.UserAgent = "sidecar-injector/" + version
	return config, nil
}

// masterVariable names an API server for Kubernetes' library where there is no kubeconfig.
const masterVariable = "KUBERNETES_MASTER"

// Kubectl begins a kubectl command that meets the same cluster: with the flags --kubeconfig and --context that were given.
func (f *Flags) Kubectl() string {
	command := "kubectl"
	for _, flag := range []struct {
		name  string
		value *string
	}{{"kubeconfig", f.kube.KubeConfig}, {"context", f.kube.Context}, {"cluster", f.kube.ClusterName}} {
		if *flag.value != "" {
			command += " --" + flag.name + "=" + shellQuoted(*flag.value)
		}
	}
	return command
}

// plainWord is what a shell takes as it stands.
var plainWord = regexp.MustCompile(`^[a-zA-Z0-9_./:@%+=,-]+$`)

func shellQuoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
