package serve

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestState: the version, and readiness as /readyz tells it at the time of the scrape.
func TestState(t *testing.T) {
	registry := prometheus.NewRegistry()
	var missing error
	checks := []readinessCheck{{"one", func() error { return nil }}, {"other", func() error { return missing }}}
	if err := registerState(registry, "v1.2.3", checks); err != nil {
		t.Fatal(err)
	}
	compare := func(ready string) {
		t.Helper()
		want := `
# HELP sidecar_injector_build_info Always 1; the labels tell the version of the program and of Go.
# TYPE sidecar_injector_build_info gauge
sidecar_injector_build_info{goversion="` + runtime.Version() + `",version="v1.2.3"} 1
# HELP sidecar_injector_ready Whether this replica says that it is ready: 1 or 0.
# TYPE sidecar_injector_ready gauge
sidecar_injector_ready ` + ready + "\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	compare("1")
	missing = errors.New("it is not there")
	compare("0")
}
