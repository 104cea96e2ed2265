package cluster_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// shared is the one cluster of all cases: starting one takes seconds. A case
// makes namespaces of its own in it. Those that stop the injector or change its
// configuration do not run in parallel, so they have it to themselves.
var shared struct {
	*cluster.Cluster
	injector *cluster.Injector
}

// Namespaces and labels that the configuration below speaks of.
const (
	excludedNamespace = "excluded-by-configuration"
	neverLabel        = "cluster-test/never"
	alwaysLabel       = "cluster-test/always"
)

// configuration is the injector's in all cases, but for those that change it.
func configuration(policy string) map[string]any {
	return map[string]any{
		"policy":               policy,
		"excludedNamespaces":   []any{excludedNamespace},
		"neverInjectSelector":  []any{map[string]any{"matchLabels": map[string]any{neverLabel: "yes"}}},
		"alwaysInjectSelector": []any{map[string]any{"matchLabels": map[string]any{alwaysLabel: "yes"}}},
	}
}

func chart(policy string) cluster.ChartOptions {
	return cluster.ChartOptions{Values: map[string]any{"config": configuration(policy)}}
}

func TestMain(m *testing.M) {
	if skew := os.Getenv(skewVariable); skew != "" {
		os.Exit(serveSkewed(skew))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, m)
	stop()
	os.Exit(code)
}

// run starts everything, runs the tests and stops everything, also when it is
// interrupted.
func run(ctx context.Context, m *testing.M) int {
	start := time.Now()
	var err error
	shared.Cluster, err = cluster.Start(ctx, cluster.Options{Progress: os.Stderr, Phase: phase})
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	var once sync.Once
	finish := func(code int) int {
		once.Do(func() {
			if code != 0 {
				shared.Keep()
				fmt.Fprintln(os.Stderr, "logs are in", shared.WorkDir)
			}
			begin := time.Now()
			if err := shared.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "error:", err)
				code = 1
			}
			phase("stop", time.Since(begin))
			phase("in all", time.Since(start))
		})
		return code
	}
	if err := install(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return finish(1)
	}
	// Tests cannot be interrupted: when ctx ends, the cluster is taken away below
	// them.
	forget := context.AfterFunc(ctx, func() { os.Exit(finish(1)) })
	defer forget()
	begin := time.Now()
	code := m.Run()
	phase("tests", time.Since(begin))
	return finish(code)
}

// install installs the chart and starts the injector.
func install(ctx context.Context) error {
	begin := time.Now()
	if err := shared.ApplyChart(ctx, chart("enabled")); err != nil {
		return err
	}
	if err := shared.WaitForServingPair(ctx, cluster.ChartOptions{}); err != nil {
		return err
	}
	phase("chart and serving certificate", time.Since(begin))
	if err := startInjector(ctx); err != nil {
		return err
	}
	memory, err := shared.injector.ResidentKiB()
	if err != nil {
		return err
	}
	phase("injector", shared.injector.ReadyAfter)
	fmt.Printf("  %-54s %6.1f MiB\n", "injector's resident memory, when ready", float64(memory)/1024)
	return nil
}

// startInjector starts the injector and waits until the API server can trust it.
func startInjector(ctx context.Context, args ...string) (err error) {
	shared.injector, err = shared.StartInjector(ctx, cluster.InjectorOptions{Args: args})
	if err != nil {
		return err
	}
	return shared.WaitForCABundle(ctx, cluster.ChartOptions{})
}

func phase(name string, took time.Duration) {
	fmt.Printf("  %-54s %6.2f s\n", name, took.Seconds())
}

// needs skips a case that Kubernetes has from a minor version on, by default, on an older control plane.
func needs(t *testing.T, minor int) {
	t.Helper()
	version := shared.Parts.KubernetesVersion
	var have int
	if _, err := fmt.Sscanf(version, "v1.%d.", &have); err != nil {
		t.Fatalf("read the version %q: %v", version, err)
	}
	if have < minor {
		t.Skipf("SKIPPED: it needs Kubernetes 1.%d, this is %s", minor, version)
	}
}
