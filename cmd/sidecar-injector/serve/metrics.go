package serve

import (
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// registerState registers what the metrics tell of the process as a whole: its version, and whether the checks pass,
// which are called at each scrape.
func registerState(registerer prometheus.Registerer, version string, checks []readinessCheck) error {
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "sidecar_injector_build_info",
		Help: "Always 1; the labels tell the version of the program and of Go.",
	}, []string{"version", "goversion"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	ready := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sidecar_injector_ready",
		Help: "Whether this replica says that it is ready: 1 or 0.",
	}, func() float64 {
		for _, c := range checks {
			if c.check() != nil {
				return 0
			}
		}
		return 1
	})
	for _, collector := range []prometheus.Collector{build, ready} {
		if err := registerer.Register(collector); err != nil {
			return fmt.Errorf("register the metrics of the process: %w", err)
		}
	}
	return nil
}
