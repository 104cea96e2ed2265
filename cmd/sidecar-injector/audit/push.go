package audit

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

// pushTimeout bounds how long a Pushgateway is waited for.
const pushTimeout = 30 * time.Second

// Push sends what the report counts, as metrics of the job sidecar-injector-audit, to the Prometheus Pushgateway at a URL: they
// take the place of what was sent for that injector before. The report is not changed; now is when it was made.
func (r *Report) Push(ctx context.Context, url, injector string, now time.Time) error {
	pods := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "sidecar_injector_audit_pods",
		Help: "Pods whose sidecar is not what it should be, by finding.",
	}, []string{"finding"})
	for _, kind := range kinds {
		pods.WithLabelValues(string(kind))
	}
	for i := range r.Findings {
		pods.WithLabelValues(string(r.Findings[i].Finding)).Add(float64(r.Findings[i].Pods))
	}
	looked := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sidecar_injector_audit_looked_at_pods", Help: "Pods that were looked at."})
	looked.Set(float64(r.Pods))
	at := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sidecar_injector_audit_timestamp_seconds", Help: "When the audit ended, in seconds since 1970."})
	at.Set(float64(now.UnixMilli()) / 1000)
	err := push.New(url, "sidecar-injector-audit").Grouping("injector", injector).
		Collector(pods).Collector(looked).Collector(at).
		Client(&http.Client{Timeout: pushTimeout}).PushContext(ctx)
	if err != nil {
		return fmt.Errorf("send the findings: %w", err)
	}
	return nil
}
