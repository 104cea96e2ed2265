package certificates

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// DefaultName is the chart's release name, and its namespace.
const DefaultName = "sidecar-injector"

// Options says which injector to look at, and how to reach it.
type Options struct {
	// Config says how to reach the API server. Required; it is not changed.
	Config *rest.Config
	// Namespace is the injector's. Default: DefaultName.
	Namespace string
	// Name is that of the MutatingWebhookConfiguration; the Certificate and the
	// Secret are named NAME-tls. Default: DefaultName.
	Name string
	// Replicas are the addresses, host:port, where replicas serve. Empty: they
	// are the endpoints of the Services that the webhook configuration names, and
	// are reached through the API server.
	Replicas []string
}

// Injector is an installed injector. Its methods may be called concurrently.
type Injector struct {
	options Options
	client  client.Client
	now     func() time.Time
}

// Validate reports what is wrong with the options, but for Config.
func (o *Options) Validate() error {
	if problems := validation.ValidateNamespaceName(o.Namespace, false); o.Namespace != "" && len(problems) > 0 {
		return fmt.Errorf("namespace %q: %s", o.Namespace, problems[0])
	}
	if problems := validation.NameIsDNSSubdomain(o.Name, false); o.Name != "" && len(problems) > 0 {
		return fmt.Errorf("name %q: %s", o.Name, problems[0])
	}
	for _, replica := range o.Replicas {
		host, port, err := net.SplitHostPort(replica)
		if err != nil {
			return fmt.Errorf("replica %q: want host:port: %w", replica, err)
		}
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || host == "" {
			return fmt.Errorf("replica %q: want host:port", replica)
		}
	}
	return nil
}

// New connects to nothing yet: an API server that cannot be reached is an error
// of the methods.
func New(o Options) (*Injector, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Config == nil {
		return nil, errors.New("connect to the cluster: it is not known where it is")
	}
	if o.Namespace == "" {
		o.Namespace = DefaultName
	}
	if o.Name == "" {
		o.Name = DefaultName
	}
	o.Config = rest.CopyConfig(o.Config)
	// Warnings are for who writes objects.
	o.Config.WarningHandler = rest.NoWarnings{}
	connection, err := client.New(o.Config, client.Options{Scheme: newScheme(), Mapper: newMapper()})
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	return &Injector{options: o, client: connection, now: time.Now}, nil
}

// pairName is the name of the serving Certificate and of its Secret.
func (i *Injector) pairName() client.ObjectKey {
	return client.ObjectKey{Namespace: i.options.Namespace, Name: i.options.Name + "-tls"}
}
