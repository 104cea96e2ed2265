package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
)

// Cluster is a connection to a cluster. Its methods may be called concurrently.
type Cluster struct {
	flags *Flags
	// Config says how to reach the API server. It must not be changed.
	Config  *rest.Config
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	// Namespace is the one that -n names, else that of the kubeconfig's context, else "default".
	Namespace string
}

// Injector finds the injector that --injector names, or the only one; installed.ErrNone says that there is none.
func (c *Cluster) Injector(ctx context.Context) (*installed.Injector, error) {
	return installed.Find(ctx, c.Client, c.Dynamic, c.flags.Injector)
}

// Namespaces lists the metadata of all namespaces.
func (c *Cluster) Namespaces(ctx context.Context) ([]metav1.ObjectMeta, error) {
	return installed.Namespaces(ctx, c.Client)
}
