package app

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	kubeconfig string
	namespace  string

	configMap  string
	configFile string
	valuesFile string

	tlsSecret     string
	tlsDir        string
	tlsSelfSigned bool

	webhookConfiguration string
	publishCABundle      bool

	webhookAddress string
	metricsAddress string
	healthAddress  string

	shutdownDelay time.Duration
	logLevel      string
}

// namespaceFile is where a pod finds its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func defaultServeOptions() *serveOptions {
	return &serveOptions{
		configMap:            "sidecar-injector",
		tlsSecret:            "sidecar-injector-tls",
		webhookConfiguration: "sidecar-injector",
		publishCABundle:      true,
		webhookAddress:       ":9443",
		metricsAddress:       ":8080",
		healthAddress:        ":8081",
		logLevel:             "info",
	}
}

func (o *serveOptions) addFlags(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&o.kubeconfig, "kubeconfig", o.kubeconfig, "`file` that says how to reach the cluster (default: the cluster this runs in)")
	flags.StringVar(&o.namespace, "namespace", o.namespace, "the injector's own `namespace` (default: $POD_NAMESPACE, else that of the service account)")

	flags.StringVar(&o.configMap, "config-map", o.configMap, "`name` of the ConfigMap with the configuration, watched")
	flags.StringVar(&o.configFile, "config", o.configFile, "`file` with the configuration, instead of the ConfigMap; watched")
	flags.StringVar(&o.valuesFile, "values", o.valuesFile, "`file` with values, beside or instead of --config; watched")

	flags.StringVar(&o.tlsSecret, "tls-secret", o.tlsSecret, "`name` of the Secret with the serving pair, watched")
	flags.StringVar(&o.tlsDir, "tls-dir", o.tlsDir, "`folder` with tls.crt and tls.key, instead of the Secret; its CA is not published")
	flags.BoolVar(&o.tlsSelfSigned, "tls-self-signed", o.tlsSelfSigned, "make a self-signed pair, instead of the Secret; for development with one replica")

	flags.StringVar(&o.webhookConfiguration, "webhook-configuration", o.webhookConfiguration, "`name` of the MutatingWebhookConfiguration whose caBundle is kept right")
	flags.BoolVar(&o.publishCABundle, "publish-ca-bundle", o.publishCABundle, "keep caBundle equal to the CA of the serving pair")

	flags.StringVar(&o.webhookAddress, "webhook-bind-address", o.webhookAddress, "`address` of the webhook")
	flags.StringVar(&o.metricsAddress, "metrics-bind-address", o.metricsAddress, "`address` of the metrics, \"0\" for none")
	flags.StringVar(&o.healthAddress, "health-probe-bind-address", o.healthAddress, "`address` of /healthz and /readyz")

	flags.DurationVar(&o.shutdownDelay, "shutdown-delay", o.shutdownDelay, "how long to serve on, not ready, after a termination signal")
	flags.StringVar(&o.logLevel, "log-level", o.logLevel, "`level` of the log: debug, info or error")
}

// check reports flags that do not fit together, as wrong usage.
func (o *serveOptions) check() error {
	if o.tlsDir != "" && o.tlsSelfSigned {
		return usageErrorf("--tls-dir and --tls-self-signed exclude each other")
	}
	if o.shutdownDelay < 0 {
		return usageErrorf("--shutdown-delay must not be negative")
	}
	if _, err := o.level(); err != nil {
		return err
	}
	for _, flag := range []struct{ name, value string }{
		{"config-map", o.configMap}, {"tls-secret", o.tlsSecret}, {"webhook-configuration", o.webhookConfiguration},
	} {
		if flag.value == "" {
			return usageErrorf("--%s must not be empty", flag.name)
		}
	}
	if _, _, err := splitAddress("webhook-bind-address", o.webhookAddress); err != nil {
		return err
	}
	if _, _, err := splitAddress("health-probe-bind-address", o.healthAddress); err != nil {
		return err
	}
	if o.metricsAddress != "0" {
		if _, _, err := splitAddress("metrics-bind-address", o.metricsAddress); err != nil {
			return err
		}
	}
	return nil
}

// filesOnly says that the configuration comes from files.
func (o *serveOptions) filesOnly() bool { return o.configFile != "" || o.valuesFile != "" }

// ownNamespace returns the injector's namespace: the flag's, the environment's or
// the service account's.
func (o *serveOptions) ownNamespace() (string, error) {
	if o.namespace != "" {
		return o.namespace, nil
	}
	if namespace := os.Getenv("POD_NAMESPACE"); namespace != "" {
		return namespace, nil
	}
	content, err := os.ReadFile(namespaceFile)
	if err != nil {
		return "", fmt.Errorf("find the injector's namespace: set --namespace: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// splitAddress splits "host:port", where the host may be missing and the port
// must be a number above 0.
func splitAddress(flag, address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, usageErrorf("--%s: %w", flag, err)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, usageErrorf("--%s: port %q is not a number from 1 to 65535", flag, text)
	}
	return host, port, nil
}
