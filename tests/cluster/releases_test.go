package cluster_test

import (
	"context"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// installRelease installs the chart as a release beside that of the other tests, until the end of the test.
func installRelease(t *testing.T, options cluster.ChartOptions) {
	t.Helper()
	if err := shared.ApplyChart(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.DeleteChart(context.WithoutCancel(t.Context()), options); err != nil {
			t.Error(err)
		}
	})
}

// startRelease installs a release and runs its injector until the end of the test. It returns once every entry of the
// webhook configuration has a caBundle.
func startRelease(t *testing.T, options cluster.ChartOptions) *cluster.Injector {
	t.Helper()
	installRelease(t, options)
	if err := shared.WaitForServingPair(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	injector, err := shared.StartInjector(t.Context(), cluster.InjectorOptions{Chart: options, Name: options.Release})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = injector.Stop() })
	if err := shared.WaitForCABundle(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	return injector
}
