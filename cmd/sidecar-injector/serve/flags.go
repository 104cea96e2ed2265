package serve

import (
	"io"

	"github.com/spf13/pflag"
)

// ParseArguments reads the arguments of a serve that runs somewhere, without the word serve itself. What another version
// of the program may know is left out.
func ParseArguments(arguments []string) (Options, error) {
	options := DefaultOptions()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	options.AddFlags(flags)
	return options, flags.Parse(arguments)
}

// AddFlags adds the flags of serve. Their defaults are what the options hold.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig, "`file` that says how to reach the cluster (default: the cluster this runs in)")
	flags.StringVar(&o.Namespace, "namespace", o.Namespace, "the injector's own `namespace` (default: $POD_NAMESPACE, else that of the service account)")

	flags.StringVar(&o.ConfigMap, "config-map", o.ConfigMap, "`name` of the ConfigMap with the configuration, watched")
	flags.StringSliceVar(&o.Sources, "source", o.Sources, "a ConfigMap of the mesh from which the profile takes values, as `namespace/name`, watched; may be repeated")
	flags.StringVar(&o.ConfigFile, "config", o.ConfigFile, "`file` with the configuration, instead of the ConfigMap; watched")
	flags.StringVar(&o.ValuesFile, "values", o.ValuesFile, "`file` with values, beside or instead of --config; watched")

	flags.StringVar(&o.ProfileFolder, "profile", o.ProfileFolder, "`folder` of a profile of your own, beside or instead of --config; watched")

	flags.StringVar(&o.IstioNamespace, "istio-namespace", o.IstioNamespace, "`namespace` of Istio's own ConfigMaps, for the profile istio; watched")
	flags.StringVar(&o.IstioRevision, "istio-revision", o.IstioRevision, "Istio's `revision`, a part of the ConfigMaps' names (default: none)")
	flags.BoolVar(&o.IstioOpenShift, "istio-openshift", o.IstioOpenShift, "take the proxy's user and group from the ranges that OpenShift gives a namespace")
	flags.StringVar(&o.IstioCompliancePolicy, "istio-compliance-policy", o.IstioCompliancePolicy, "Istio's compliance `policy`, such as fips-140-2 (default: none)")

	flags.StringVar(&o.TLSSecret, "tls-secret", o.TLSSecret, "`name` of the Secret with the serving pair, watched")
	flags.StringVar(&o.TLSDir, "tls-dir", o.TLSDir, "`folder` with tls.crt and tls.key, instead of the Secret; its CA is not published")
	flags.BoolVar(&o.TLSSelfSigned, "tls-self-signed", o.TLSSelfSigned, "make a self-signed pair, instead of the Secret; for development with one replica")
	flags.StringVar(&o.TLSMinVersion, "tls-min-version", o.TLSMinVersion, "oldest `version` of TLS that is served: 1.2 or 1.3")
	flags.StringVar(&o.ClientCA, "client-ca", o.ClientCA, "`file` with the CAs of the API servers' client certificates, watched: the webhook answers nobody else (default: it answers everybody)")
	flags.StringSliceVar(&o.ClientAllowedNames, "client-allowed-names", o.ClientAllowedNames, "common `names` of which such a certificate has to have one (default: any)")
	flags.StringVar(&o.Certificate, "certificate", o.Certificate, "`name` of the cert-manager Certificate of the Secret, watched; \"\" for none: then whatever CA the Secret holds is believed")
	flags.DurationVar(&o.TrustSlack, "trust-slack", o.TrustSlack, "how long every caBundle shall have verified a new serving pair before it is served")

	flags.StringVar(&o.WebhookConfiguration, "webhook-configuration", o.WebhookConfiguration, "`name` of the MutatingWebhookConfiguration whose caBundle is kept right")
	flags.BoolVar(&o.PublishCABundle, "publish-ca-bundle", o.PublishCABundle, "keep the CAs of the serving pairs in caBundle; otherwise somebody else has to")
	flags.StringVar(&o.TrustSecret, "trust-secret", o.TrustSecret, "`name` of a Secret to keep them in instead, from where cert-manager's cainjector copies them to caBundle")

	flags.StringVar(&o.ConfigWebhook, "config-webhook", o.ConfigWebhook, "`name` of the ValidatingWebhookConfiguration that has the ConfigMap checked before it is stored; its caBundle is kept right too")
	flags.StringVar(&o.Installation, "installation", o.Installation, "with --config-webhook: `text` of the installation that a ConfigMap is annotated for, if it is to be checked")
	flags.StringVar(&o.WebhookAddress, "webhook-bind-address", o.WebhookAddress, "`address` of the webhook")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", o.MetricsAddress, "`address` of the metrics, \"0\" for none")
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", o.HealthAddress, "`address` of /healthz and /readyz")

	flags.StringVar(&o.DebugAddress, "debug-bind-address", o.DebugAddress, "loopback `address` of /debug/pprof and /debug/log-level, such as 127.0.0.1:6060 (default: none)")
	flags.BoolVar(&o.OwnerEvents, "owner-events", o.OwnerEvents, "write an Event on the workload whose pod was refused, such as its ReplicaSet")
	flags.DurationVar(&o.ShutdownDelay, "shutdown-delay", o.ShutdownDelay, "how long to serve on, not ready, after a termination signal")
	flags.StringVar(&o.LogLevel, "log-level", o.LogLevel, "`level` of the log: debug, info, warn or error")
}
