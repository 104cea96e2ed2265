package webhook

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// outcome is what became of an admission request.
type outcome string

const (
	outcomeInject outcome = "inject"
	outcomeSkip   outcome = "skip"
	outcomeError  outcome = "error"
)

// The reasons of errors.
const (
	reasonNoConfig      Reason = "no_configuration"
	reasonNoNamespace   Reason = "no_namespace"
	reasonBadRequest    Reason = "bad_request"
	reasonInvalidInput  Reason = "invalid_input"
	reasonTemplateError Reason = "template_error"
	reasonInternalError Reason = "internal_error"
	reasonGivenUp       Reason = "given_up"
	reasonTooLarge      Reason = "too_large"
	reasonTooMany       Reason = "too_many_requests"
)

// reasonsOfErrors are all of them, but those of a profile's own.
var reasonsOfErrors = []Reason{
	reasonNoConfig, reasonNoNamespace, reasonBadRequest, reasonInvalidInput, reasonTemplateError, reasonInternalError,
	reasonGivenUp, reasonTooLarge, reasonTooMany,
}

// metrics counts admissions. A nil *metrics counts nothing.
type metrics struct {
	admissions *prometheus.CounterVec
	duration   prometheus.Histogram
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	if registerer == nil {
		return nil, nil
	}
	m := &metrics{
		admissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_admissions_total",
			Help: "Admission requests answered, by outcome (inject, skip, error) and reason.",
		}, []string{"outcome", "reason"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sidecar_injector_admission_duration_seconds",
			Help: "Time from a decoded admission request to its response.",
			// An injection takes well under a millisecond; the API server gives up after seconds, 10 at most.
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 1, 2.5, 5, 10},
		}),
	}
	for _, reason := range reasonsOfErrors { // so that the first one is seen as an increase
		m.admissions.WithLabelValues(string(outcomeError), string(reason))
	}
	for _, collector := range []prometheus.Collector{m.admissions, m.duration} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) record(start time.Time, result outcome, reason Reason) {
	if m == nil {
		return
	}
	m.admissions.WithLabelValues(string(result), string(reason)).Inc()
	m.duration.Observe(time.Since(start).Seconds())
}
