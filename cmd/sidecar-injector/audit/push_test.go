package audit

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// TestPush: a Pushgateway gets a number for every finding, so that one that is gone is 0.
func TestPush(t *testing.T) {
	got := map[string]float64{}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := "/metrics/job/sidecar-injector-audit/injector/canary"; r.Method != http.MethodPut || r.URL.Path != want {
			t.Errorf("%s %s, want PUT %s", r.Method, r.URL.Path, want)
		}
		decoder := expfmt.NewDecoder(r.Body, expfmt.ResponseFormat(r.Header))
		for {
			family := &dto.MetricFamily{}
			if err := decoder.Decode(family); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Error(err)
				break
			}
			for _, metric := range family.GetMetric() {
				name := family.GetName()
				for _, label := range metric.GetLabel() {
					name += " " + label.GetValue()
				}
				got[name] = metric.GetGauge().GetValue()
			}
		}
	}))
	defer gateway.Close()
	report := &Report{Pods: 7, Findings: []Group{{Finding: Missing, Pods: 2}, {Finding: Missing, Pods: 1}, {Finding: Outdated, Pods: 1}}}
	if err := report.Push(t.Context(), gateway.URL, "canary", time.UnixMilli(1500)); err != nil {
		t.Fatal(err)
	}
	const pods = "sidecar_injector_audit_pods "
	want := map[string]float64{pods + "missing": 3, pods + "failed": 0, pods + "unwanted": 0, pods + "outdated": 1, pods + "image": 0, pods + "not_ready": 0,
		"sidecar_injector_audit_looked_at_pods": 7, "sidecar_injector_audit_timestamp_seconds": 1.5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPushNowhere: who does not answer, or answers something else, is an error.
func TestPushNowhere(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for _, url := range []string{other.URL, "http://127.0.0.1:1"} {
		if err := (&Report{}).Push(t.Context(), url, "canary", time.Now()); err == nil || !strings.Contains(err.Error(), "send the findings: ") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
