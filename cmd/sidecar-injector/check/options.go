package check

import (
	"context"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/certificates"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/installed"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Discovery says what an API server is and has; client-go's discovery client does.
type Discovery interface {
	ServerVersion() (*version.Info, error)
	ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error)
}

// Cluster is what the checks ask. Client and Discovery are required.
type Cluster struct {
	Client    client.Client
	Discovery Discovery
	// CertManagerNamespace is where cert-manager runs. Default: "cert-manager".
	CertManagerNamespace string
}

// BeforeOptions say what is to be installed. All but Name are required.
type BeforeOptions struct {
	Cluster
	// Namespace is where, and Name the release's.
	Namespace, Name string
	// Config is what it is to run with, and Webhooks what the chart installs for that.
	Config   *webhook.Config
	Webhooks *selection.Webhooks
}

// AfterOptions say what is installed.
type AfterOptions struct {
	Cluster
	// Injector is what was found, as installed.Find returns it, and Problem its error.
	Injector *installed.Injector
	Problem  error
	// Certificates looks at the certificates of the injector that was found. Required with Injector.
	Certificates func(context.Context) (*certificates.Status, error)
	// Now is the time. Required.
	Now func() time.Time
}

// target is an injector as several checks look at it, installed or not yet.
type target struct {
	client   client.Client
	name     string // of its webhook configuration
	config   *webhook.Config
	webhooks *selection.Webhooks
	// configurations are all that the cluster has.
	configurations []admissionregistrationv1.MutatingWebhookConfiguration
}
