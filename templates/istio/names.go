package istio

// The containers that Istio's templates inject and that the steps after the merge know by name.
const (
	proxyContainer      = "istio-proxy"
	initContainer       = "istio-init"
	validationContainer = "istio-validation"
	coreDumpContainer   = "enable-core-dump"
)

// OwnContainer says whether Istio's own templates for sidecars inject a container of that name.
func OwnContainer(name string) bool {
	switch name {
	case proxyContainer, initContainer, validationContainer, coreDumpContainer:
		return true
	}
	return false
}

// Annotations of a pod.
const (
	annotationStatus           = "sidecar.istio.io/status"
	annotationOverrides        = "proxy.istio.io/overrides"
	annotationProxyConfig      = "proxy.istio.io/config"
	annotationProxyImageType   = "sidecar.istio.io/proxyImageType"
	annotationInterceptionMode = "sidecar.istio.io/interceptionMode"
	annotationRewriteProbes    = "sidecar.istio.io/rewriteAppHTTPProbers"
	annotationStatusPort       = "status.sidecar.istio.io/port"
	annotationMergeMetrics     = "prometheus.istio.io/merge-metrics"
	annotationScrapeTargets    = "prometheus.istio.io/scrape-targets"
	annotationSecurePort       = "prometheus.istio.io/secure-port"
	annotationPrometheusScrape = "prometheus.io/scrape"
	annotationPrometheusPort   = "prometheus.io/port"
	annotationPrometheusPath   = "prometheus.io/path"
	annotationRevision         = "istio.io/rev"
	annotationDefaultContainer = "kubectl.kubernetes.io/default-container"
	annotationDefaultLogs      = "kubectl.kubernetes.io/default-logs-container"
)

// labelNetwork is the label that says which network a pod is in.
const labelNetwork = "topology.istio.io/network"

// Variables of the proxy's environment.
const (
	envClusterID  = "ISTIO_META_CLUSTER_ID"
	envNetwork    = "ISTIO_META_NETWORK"
	envProbers    = "ISTIO_KUBE_APP_PROBERS"
	envPrometheus = "ISTIO_PROMETHEUS_ANNOTATIONS"
	envSecurePort = "ENVOY_SECURE_MERGED_METRICS_PORT"
)

// defaultProxyID is user and group of the proxy where nothing says otherwise.
const defaultProxyID = 1337

// marker is the annotation in which the engine records what it injected.
const marker = "sidecar-injector.github.io/istio-status"
