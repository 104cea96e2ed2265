package webhook

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestMetricsCountEachRequestOnce sends requests of each outcome and compares the counter as it is scraped: errors that did
// not happen are there with 0.
func TestMetricsCountEachRequestOnce(t *testing.T) {
	registry := prometheus.NewRegistry()
	server := serve(t, Options{Registerer: registry})
	server.admit(t, ScopePod, aPod(t))
	server.handler.SetConfig(parsed(t, "templates: {bad: '{{ fail `x` }}'}", ""))
	for _, request := range []struct {
		scope Scope
		pod   any
	}{
		{ScopeNamespace, aPod(t)},
		{ScopeNamespace, aPod(t)},
		{ScopePod, aPod(t, annotateInject("true"))},
		{ScopePod, aPod(t)},
		{ScopePod, aPod(t, annotateInject("yes"))},
		{ScopeNamespace, aPod(t, annotateInject("yes"))},
		{ScopeNamespace, aPod(t, annotation("sidecar.istio.io/proxyCPU", "much"))},
		{ScopeNamespace, aPod(t, annotation("inject.istio.io/templates", "bad"))},
		{ScopeNamespace, "no pod"},
	} {
		server.admit(t, request.scope, request.pod)
	}
	const want = `
# HELP sidecar_injector_admissions_total Admission requests answered, by outcome (inject, skip, error) and reason.
# TYPE sidecar_injector_admissions_total counter
sidecar_injector_admissions_total{outcome="error",reason="bad_request"} 1
sidecar_injector_admissions_total{outcome="error",reason="given_up"} 0
sidecar_injector_admissions_total{outcome="error",reason="internal_error"} 0
sidecar_injector_admissions_total{outcome="error",reason="invalid_input"} 1
sidecar_injector_admissions_total{outcome="error",reason="no_configuration"} 1
sidecar_injector_admissions_total{outcome="error",reason="no_namespace"} 0
sidecar_injector_admissions_total{outcome="error",reason="template_error"} 1
sidecar_injector_admissions_total{outcome="error",reason="too_large"} 0
sidecar_injector_admissions_total{outcome="error",reason="too_many_requests"} 0
sidecar_injector_admissions_total{outcome="inject",reason="asked_by_annotation"} 1
sidecar_injector_admissions_total{outcome="inject",reason="invalid_value"} 1
sidecar_injector_admissions_total{outcome="inject",reason="namespace_opted_in"} 2
sidecar_injector_admissions_total{outcome="skip",reason="invalid_value"} 1
sidecar_injector_admissions_total{outcome="skip",reason="not_requested"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "sidecar_injector_admissions_total"); err != nil {
		t.Error(err)
	}
	if got := observations(t, registry); got != 10 {
		t.Errorf("%d durations, want one for each of 10 requests", got)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("problems of names and help texts: %v %v", problems, err)
	}
}

func TestMetricsCountAPanic(t *testing.T) {
	registry := prometheus.NewRegistry()
	server := serve(t, Options{Config: parsed(t, "onError: allow", ""), Namespaces: panicking{}, Registerer: registry})
	server.admit(t, ScopeNamespace, aPod(t))
	if got := testutil.ToFloat64(server.handler.metrics.admissions.WithLabelValues("error", "internal_error")); got != 1 {
		t.Errorf("counted %v times, want once", got)
	}
	if got := observations(t, registry); got != 1 {
		t.Errorf("%d durations, want one", got)
	}
}

func TestNewRefusesARegistryThatHasTheMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	if _, err := New(Options{Registerer: registry}); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Registerer: registry}); err == nil || !strings.HasPrefix(err.Error(), "register metrics: ") {
		t.Errorf("error %v, want one of registering", err)
	}
}

// observations returns how many durations the registry has.
func observations(t *testing.T, registry *prometheus.Registry) uint64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "sidecar_injector_admission_duration_seconds" {
			return family.GetMetric()[0].GetHistogram().GetSampleCount()
		}
	}
	return 0
}
