package serve

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

// Options configure Run. Make them with DefaultOptions: the zero value is not valid.
type Options struct {
	// Version of the program, for the log and the user agent.
	Version string
	// Kubeconfig is the file that says how to reach the cluster. Empty: the cluster this runs in.
	Kubeconfig string
	// Namespace is the injector's own. Empty: $POD_NAMESPACE, else that of the service account.
	Namespace string

	// ConfigMap is the name of the ConfigMap with the configuration.
	ConfigMap string
	// Sources are the ConfigMaps of the mesh from which the profile takes values, each as namespace/name.
	Sources []string
	// ConfigFile, ValuesFile and ProfileFolder, if one is set, are read instead of the ConfigMap.
	ConfigFile, ValuesFile, ProfileFolder string

	// IstioNamespace is where the ConfigMaps of an Istio installation are, for the profile istio; they are watched.
	// Empty: there is none. IstioRevision is a part of their names; empty: they have none.
	IstioNamespace, IstioRevision string
	// IstioOpenShift takes the proxy's user and group from the ranges that OpenShift gives a namespace, and
	// IstioCompliancePolicy is that of the installation, such as fips-140-2: istiod knows both from its environment.
	IstioOpenShift        bool
	IstioCompliancePolicy string

	// TLSSecret is the name of the Secret with the serving pair.
	TLSSecret string
	// TLSDir is a folder with tls.crt and tls.key, used instead of the Secret; its CA is not published.
	TLSDir string
	// TLSSelfSigned makes a pair at the start, instead of the Secret.
	TLSSelfSigned bool

	// TLSMinVersion is the oldest version of TLS that is served: "1.2" or "1.3".
	TLSMinVersion string
	// ClientCA is a file with the CAs of the API servers' client certificates, watched: nobody else is answered at the
	// webhook's address then. Empty: everybody is. ClientAllowedNames are the common names that such a certificate may have.
	// Empty: any.
	ClientCA           string
	ClientAllowedNames []string
	// Certificate is the name of the cert-manager Certificate that the Secret belongs to. Empty: there is none, and
	// whatever CA the Secret holds is believed.
	Certificate string
	// TrustSlack is how long every caBundle shall have verified a new serving pair before it is served.
	TrustSlack time.Duration

	// WebhookConfiguration is the name of the MutatingWebhookConfiguration that API servers read caBundle from. The CAs
	// of the serving pairs are kept there if PublishCABundle is set; otherwise somebody else has to.
	WebhookConfiguration string
	PublishCABundle      bool
	// ConfigWebhook is the name of the ValidatingWebhookConfiguration that has API servers ask about the ConfigMap
	// before it is stored; its caBundle is kept in the same way. Empty: nobody is answered. Installation is what the
	// annotation AnnotationInstallation of the ConfigMap says if it is meant for this version and these options.
	ConfigWebhook, Installation string
	// TrustSecret is the name of a Secret whose key ca.crt they are kept in instead, from where cert-manager's cainjector
	// copies them. Empty: none.
	TrustSecret string

	// The addresses to listen on, as host:port with an optional host. MetricsAddress "0" serves no metrics.
	WebhookAddress, MetricsAddress, HealthAddress string
	// DebugAddress is an address of loopback, host:port, for profiles and the log level. Empty: there is none.
	DebugAddress string

	// OwnerEvents writes an Event on the workload whose pod was refused.
	OwnerEvents bool

	// ShutdownDelay is how long to serve on, not ready, after a termination signal.
	ShutdownDelay time.Duration
	// LogLevel is debug, info, warn or error, to begin with.
	LogLevel string

	// Clock says what time it is for certificates. Nil: the real clock.
	Clock clock.PassiveClock
}

// tlsVersions are those that can be chosen.
var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// namespaceFile is where a pod finds its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// DefaultOptions returns the options of an injector that the Helm chart installed under its own name.
func DefaultOptions() Options {
	return Options{
		ConfigMap:            "sidecar-injector",
		TLSSecret:            "sidecar-injector-tls",
		TLSMinVersion:        "1.3",
		Certificate:          "sidecar-injector-tls",
		TrustSlack:           5 * time.Minute,
		WebhookConfiguration: "sidecar-injector",
		PublishCABundle:      true,
		WebhookAddress:       ":9443",
		MetricsAddress:       ":8080",
		HealthAddress:        ":8081",
		OwnerEvents:          true,
		LogLevel:             "info",
	}
}

// Validate reports the first option that is wrong or does not fit another, by the name of its flag.
func (o *Options) Validate() error {
	if o.TLSDir != "" && o.TLSSelfSigned {
		return errors.New("--tls-dir and --tls-self-signed exclude each other")
	}
	if o.IstioNamespace != "" && o.filesOnly() {
		return errors.New("--istio-namespace excludes --config, --values and --profile")
	}
	if _, err := o.SourceNames(); err != nil {
		return err
	}
	if len(o.Sources) > 0 && (o.filesOnly() || o.IstioNamespace != "") {
		return errors.New("--source excludes --config, --values, --profile and --istio-namespace")
	}
	if o.ShutdownDelay < 0 {
		return errors.New("--shutdown-delay must not be negative")
	}
	if o.TrustSlack < 0 {
		return errors.New("--trust-slack must not be negative")
	}
	if o.TrustSecret != "" && (o.TrustSecret == o.TLSSecret || !o.PublishCABundle) {
		return errors.New("--trust-secret must be another Secret than --tls-secret, and needs --publish-ca-bundle")
	}
	if _, ok := tlsVersions[o.TLSMinVersion]; !ok {
		return fmt.Errorf("--tls-min-version: %q is not 1.2 or 1.3", o.TLSMinVersion)
	}
	if len(o.ClientAllowedNames) > 0 && o.ClientCA == "" {
		return errors.New("--client-allowed-names is for --client-ca")
	}
	if _, err := o.level(); err != nil {
		return err
	}
	for _, flag := range []struct{ name, value string }{
		{"config-map", o.ConfigMap}, {"tls-secret", o.TLSSecret}, {"webhook-configuration", o.WebhookConfiguration},
	} {
		if flag.value == "" {
			return fmt.Errorf("--%s must not be empty", flag.name)
		}
	}
	if o.DebugAddress != "" {
		if err := checkLoopback(o.DebugAddress); err != nil {
			return fmt.Errorf("--debug-bind-address: %w", err)
		}
	}
	for _, flag := range []struct{ name, value string }{
		{"webhook-bind-address", o.WebhookAddress}, {"health-probe-bind-address", o.HealthAddress}, {"metrics-bind-address", o.MetricsAddress},
	} {
		if flag.name == "metrics-bind-address" && flag.value == "0" {
			continue
		}
		if _, _, err := splitAddress(flag.value); err != nil {
			return fmt.Errorf("--%s: %w", flag.name, err)
		}
	}
	return nil
}

// filesOnly says that the configuration comes from files.
func (o *Options) filesOnly() bool {
	return o.ConfigFile != "" || o.ValuesFile != "" || o.ProfileFolder != ""
}

// SourceNames returns where the sources are.
func (o *Options) SourceNames() ([]types.NamespacedName, error) {
	var all []types.NamespacedName
	for _, text := range o.Sources {
		namespace, name, ok := strings.Cut(text, "/")
		if !ok || namespace == "" || name == "" {
			return nil, fmt.Errorf("--source: %q is not allowed, want namespace/name of a ConfigMap", text)
		}
		all = append(all, types.NamespacedName{Namespace: namespace, Name: name})
	}
	return all, nil
}

// ownNamespace returns the injector's namespace: the option's, the environment's or the service account's.
func (o *Options) ownNamespace() (string, error) {
	if o.Namespace != "" {
		return o.Namespace, nil
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

// splitAddress splits "host:port", where the host may be missing and the port must be a number above 0.
func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("port %q is not a number from 1 to 65535", text)
	}
	return host, port, nil
}
