package certs

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the package's, all about this one process. A nil *Metrics records
// nothing. Methods may be called concurrently.
type Metrics struct {
	expiry  prometheus.Gauge
	pairs   *prometheus.CounterVec
	bundles *prometheus.CounterVec
}

// NewMetrics registers the metrics. The error is one of registering them twice.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	metrics := &Metrics{
		expiry: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sidecar_injector_certificate_expiry_timestamp_seconds",
			Help: "When the served certificate expires, in seconds since 1970. 0: nothing is served yet.",
		}),
		pairs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_certificate_pairs_total",
			Help: "Serving pairs that were offered, by what became of them: adopted or refused.",
		}, []string{"result"}),
		bundles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_ca_bundle_writes_total",
			Help: "Writes of caBundle to the webhook configuration, by result: published or error.",
		}, []string{"result"}),
	}
	for _, result := range []string{"adopted", "refused"} {
		metrics.pairs.WithLabelValues(result)
	}
	for _, result := range []string{"published", "error"} {
		metrics.bundles.WithLabelValues(result)
	}
	for _, collector := range []prometheus.Collector{metrics.expiry, metrics.pairs, metrics.bundles} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("register the metrics of certificates: %w", err)
		}
	}
	return metrics, nil
}

func (m *Metrics) pairAdopted(pair *Pair) {
	if m == nil {
		return
	}
	m.expiry.Set(float64(pair.Certificate.Leaf.NotAfter.Unix()))
	m.pairs.WithLabelValues("adopted").Inc()
}

func (m *Metrics) pairRefused() {
	if m != nil {
		m.pairs.WithLabelValues("refused").Inc()
	}
}

func (m *Metrics) bundlePublished() {
	if m != nil {
		m.bundles.WithLabelValues("published").Inc()
	}
}

// bundleChecked counts an attempt that failed.
func (m *Metrics) bundleChecked(err error) {
	if m != nil && err != nil {
		m.bundles.WithLabelValues("error").Inc()
	}
}
