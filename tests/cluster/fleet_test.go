package cluster_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// The rotation test has a release of its own, which injects into namespaces with
// its own label and, by the pod's annotation, into one that all others exclude.
const (
	rotationRelease   = "rotation"
	rotationLabel     = "rotation-test"
	labelledNamespace = "rotation-labelled"
	askingNamespace   = "rotation-asking"
)

const (
	// The load: together a good 30 pods a second, of which some room is left on a
	// busy machine.
	loadClients  = 5
	loadInterval = 150 * time.Millisecond
	minimalRate  = 20
	// shutdownDelay is the chart's: longer than the balancer needs to forget a
	// replica and to close its connections.
	shutdownDelay = 5 * time.Second
	// adoptTimeout is for one leaf, from the action to handshakes under it.
	adoptTimeout = 25 * time.Second
	// minimalHandshakes is how often the API server shall meet a leaf, at each
	// replica.
	minimalHandshakes = 2
	// rowTimeout is for one row.
	rowTimeout = time.Minute
	// settleTime is how long a row still watches after all has been done.
	settleTime = 500 * time.Millisecond
	// trustSlack is the chart's setting: low, there is one API server and one clock
	// here. leadTolerance is how far the test's view of it may be off.
	trustSlack    = time.Second
	leadTolerance = 250 * time.Millisecond
)

// fleet is two replicas behind a balancer, and the load on them.
type fleet struct {
	chart    cluster.ChartOptions
	balancer *cluster.Balancer
	replicas []*fleetReplica
	trust    *cluster.TrustWatch
	pods     atomic.Pointer[cluster.Load]
	keeps    atomic.Bool     // the balancer closes no connections
	args     []string        // of the replicas
	program  string          // that they run; empty: the working tree's
	forged   map[string]bool // serial numbers that nobody may serve
	results  []rotationResult

	// What the row that happens notes.
	adopted  []time.Duration // how long each adoption took
	note     string          // for the table
	repaired time.Time       // when a caBundle overwritten by hand was right again
	faulty   time.Time       // when something went wrong that costs pods until it is noticed
}

// fleetReplica is one process of the injector.
type fleetReplica struct {
	name, address string
	injector      *cluster.Injector
	watch         *cluster.LeafWatch
	line          *cluster.Line           // to the API server
	options       cluster.InjectorOptions // what is not the same for all
}

// newFleet starts everything, until the end of the test.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	return newFleetOf(t, "", "")
}

// newFleetOf is newFleet with the chart in a folder and a program, those of the working tree if they are empty.
func newFleetOf(t *testing.T, folder, program string) *fleet {
	t.Helper()
	r := &fleet{forged: map[string]bool{}, args: []string{"--shutdown-delay=" + shutdownDelay.String()}}
	excludeFromOthers(t)
	for namespace, labels := range map[string]map[string]string{labelledNamespace: {rotationLabel: "enabled"}, askingNamespace: nil} {
		if err := shared.CreateNamespace(t.Context(), namespace, labels); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	r.balancer, err = cluster.StartBalancer(cluster.BalancerOptions{Quiet: r.quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.balancer.Stop() })
	r.chart = cluster.ChartOptions{
		Release: rotationRelease, Namespace: rotationRelease, WebhookAddress: r.balancer.Address,
		Values: rotationValues("injector"), Folder: folder,
	}
	r.program = program
	if err := shared.ApplyChart(t.Context(), r.chart); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.DeleteChart(context.WithoutCancel(t.Context()), r.chart); err != nil {
			t.Error(err)
		}
	})
	if err := shared.WaitForServingPair(t.Context(), r.chart); err != nil {
		t.Fatal(err)
	}
	if r.trust, err = shared.WatchTrust(t.Context(), rotationRelease); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.trust.Stop)
	r.startReplicas(t)
	if err := shared.WaitForCABundle(t.Context(), r.chart); err != nil {
		t.Fatal(err)
	}
	r.startLoad(t)
	return r
}

// rotationValues are the chart's, with the owner of the bundle.
func rotationValues(owner string) map[string]any {
	return map[string]any{
		"config":      map[string]any{"namespaceLabel": rotationLabel + "=enabled"},
		"certificate": map[string]any{"trustSlack": trustSlack.String(), "caBundleOwner": owner},
	}
}

// excludeFromOthers has the release of the other tests leave this test's pods
// alone, until the end of the test.
func excludeFromOthers(t *testing.T) {
	t.Helper()
	options := chart("enabled")
	options.Values["excludedNamespaces"] = []any{askingNamespace}
	if err := shared.ApplyChart(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.ApplyChart(context.WithoutCancel(t.Context()), chart("enabled")); err != nil {
			t.Error(err)
		}
	})
}

// startReplicas starts both replicas, until the end of the test.
func (r *fleet) startReplicas(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		var stopping sync.WaitGroup
		for _, replica := range r.replicas {
			replica.watch.Stop()
			stopping.Go(func() {
				if replica.injector != nil { // it started
					_ = replica.injector.Stop()
				}
				replica.line.Stop()
			})
		}
		stopping.Wait()
	})
	for i := range 2 {
		address, err := cluster.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		replica := &fleetReplica{name: fmt.Sprintf("rotation-%d", i), address: address}
		if replica.line, err = cluster.StartLine(strings.Trim(strings.TrimPrefix(shared.Config.Host, "https://"), "/")); err != nil {
			t.Fatal(err)
		}
		if err := r.startReplica(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		replica.watch = cluster.WatchLeaf(address)
		r.replicas = append(r.replicas, replica)
	}
}

// startReplica starts a replica and waits until the balancer sends it
// connections.
func (r *fleet) startReplica(ctx context.Context, replica *fleetReplica) (err error) {
	options := replica.options
	options.Chart, options.Name, options.Args = r.chart, replica.name, r.args
	options.Program = cmp.Or(options.Program, r.program)
	options.Chart.WebhookAddress = replica.address
	if options.Server == "" {
		options.Server = replica.line.Address
	}
	replica.injector, err = shared.StartInjector(ctx, options)
	if err != nil {
		return err
	}
	r.balancer.Set(replica.name, replica.address, replica.injector.Health)
	if options.Unready {
		return nil
	}
	return cluster.Eventually(ctx, waitTimeout, func(context.Context) error {
		if !r.balancer.Ready(replica.name) {
			return fmt.Errorf("the balancer sends nothing to %s", replica.name)
		}
		return nil
	})
}

// startLoad waits until pods are injected in both ways and then creates them all
// the time, until the end of the test.
func (r *fleet) startLoad(t *testing.T) {
	t.Helper()
	for i := range 2 {
		err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
			result := create(t, newPod(rotationPod(i).Namespace, asks))
			if result.err != nil {
				return result.err
			}
			return checkSidecar(result.pod, true)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.pods.Store(shared.StartLoad(cluster.LoadOptions{
		Clients: loadClients, Interval: loadInterval, Pod: rotationPod,
		Check: func(pod *corev1.Pod) error { return checkSidecar(pod, true) },
	}))
	t.Cleanup(r.load().Stop)
}

// rotationPod is the nth pod: each second one asks for itself, the others are in
// a namespace with the label. So both entries of the configuration are used.
func rotationPod(n int) *corev1.Pod {
	pod := newPod(labelledNamespace)
	if n%2 == 1 {
		pod = newPod(askingNamespace, asks)
	}
	pod.Name = fmt.Sprintf("pod-%d", n)
	return pod
}

func (r *fleet) load() *cluster.Load { return r.pods.Load() }

// quiet has the balancer close connections when no pod is being created.
func (r *fleet) quiet(closeAll func()) {
	if r.keeps.Load() {
		return
	}
	if load := r.pods.Load(); load != nil {
		load.Quiet(closeAll)
		return
	}
	closeAll()
}
