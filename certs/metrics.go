package certs

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Metrics are the package's, all about this one process. A nil *Metrics records
// nothing. Methods may be called concurrently.
type Metrics struct {
	expiry   prometheus.Gauge
	renewal  prometheus.Gauge
	trusted  *prometheus.GaugeVec
	adopted  *prometheus.CounterVec
	refused  *prometheus.CounterVec
	bundles  *prometheus.CounterVec
	reverted prometheus.Counter
	clients  *prometheus.CounterVec
}

// NewMetrics registers the metrics. The error is one of registering them twice.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		expiry: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sidecar_injector_certificate_expiry_timestamp_seconds",
			Help: "When the served certificate expires, in seconds since 1970. 0: nothing is served yet.",
		}),
		renewal: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sidecar_injector_certificate_renewal_timestamp_seconds",
			Help: "When cert-manager renews the certificate next, in seconds since 1970. 0: not known.",
		}),
		trusted: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sidecar_injector_certificate_trusted",
			Help: "Whether the caBundle of the webhook verifies the served certificate: 1 or 0.",
		}, []string{"webhook"}),
		adopted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_certificate_adoptions_total",
			Help: "Serving pairs that were adopted, by whether every caBundle verified them: true, or false where the old one expired.",
		}, []string{"trusted"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_certificate_refusals_total",
			Help: "Serving pairs that were refused, by reason.",
		}, []string{"reason"}),
		bundles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_ca_bundle_writes_total",
			Help: "Writes of caBundle to the webhook configuration, by result: published, conflict or error.",
		}, []string{"result"}),
		reverted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sidecar_injector_ca_bundle_reverts_total",
			Help: "How often a caBundle that was right was overwritten by somebody else.",
		}),
		clients: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_client_refusals_total",
			Help: "Clients of the webhook that were refused for their certificate, by reason; with --client-ca alone.",
		}, []string{"reason"}),
	}
	for vector, values := range map[*prometheus.CounterVec][]string{
		m.adopted: {"true", "false"}, m.refused: refusals, m.bundles: bundleResults,
		m.clients: clientRefusals,
	} {
		for _, value := range values {
			vector.WithLabelValues(value)
		}
	}
	for _, collector := range []prometheus.Collector{m.expiry, m.renewal, m.trusted, m.adopted, m.refused, m.bundles, m.reverted, m.clients} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("register the metrics of certificates: %w", err)
		}
	}
	return m, nil
}

// pairAdopted counts a pair that is served from now on.
func (m *Metrics) pairAdopted(pair *Pair, trusted bool) {
	if m != nil {
		m.expiry.Set(float64(pair.End.Unix()))
		m.adopted.WithLabelValues(fmt.Sprint(trusted)).Inc()
	}
}

func (m *Metrics) pairRefused(reason string) {
	if m != nil {
		m.refused.WithLabelValues(reason).Inc()
	}
}

// trustIs sets whether each webhook's caBundle verifies what is served, by name.
func (m *Metrics) trustIs(trusted map[string]bool) {
	if m == nil {
		return
	}
	m.trusted.Reset()
	for webhook, is := range trusted {
		value := 0.0
		if is {
			value = 1
		}
		m.trusted.WithLabelValues(webhook).Set(value)
	}
}

// renewalIs sets when the next renewal is; nil: nobody knows.
func (m *Metrics) renewalIs(at *metav1.Time) {
	switch {
	case m == nil:
	case at == nil:
		m.renewal.Set(0)
	default:
		m.renewal.Set(float64(at.Unix()))
	}
}

// The results of writing caBundle.
const (
	bundlePublished = "published"
	bundleConflict  = "conflict"
	bundleError     = "error"
)

var bundleResults = []string{bundlePublished, bundleConflict, bundleError}

func (m *Metrics) bundleWritten(result string) {
	if m != nil {
		m.bundles.WithLabelValues(result).Inc()
	}
}

func (m *Metrics) bundleReverted() {
	if m != nil {
		m.reverted.Inc()
	}
}

func (m *Metrics) clientRefused(reason string) {
	if m != nil {
		m.clients.WithLabelValues(reason).Inc()
	}
}
