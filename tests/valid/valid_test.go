package valid

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
)

var (
	count = flag.Int("pods", 2000, "how many pods are generated")
	seed  = flag.Int64("seed", 1, "which pods are generated")
	only  = flag.Int("pod", -1, "the index of the one pod to take")
)

// kind is what is known of the faults of one kind.
type kind struct {
	count int
	// index is that of the first pod with it.
	index  int
	pod    map[string]any
	detail string
}

// run is what came of the pods so far.
type run struct {
	seed      int64
	server    *apiServer
	injectors []*injector

	mu       sync.Mutex
	fates    map[fate]int
	kinds    map[string]*kind
	coverage pods.Coverage
	failed   error
}

// TestValid holds generated pods to the properties.
func TestValid(t *testing.T) { hold(t, newInjectors) }

// TestLinkerd does so with the profile linkerd.
func TestLinkerd(t *testing.T) { hold(t, newLinkerds) }

func hold(t *testing.T, configure func() ([]*injector, error)) {
	server, err := newAPIServer()
	if err != nil {
		t.Fatal(err)
	}
	injectors, err := configure()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{
		seed: *seed, server: server, injectors: injectors,
		fates: map[fate]int{}, kinds: map[string]*kind{}, coverage: pods.Coverage{},
	}
	from, to := 0, *count
	if *only >= 0 {
		from, to = *only, *only+1
	}
	r.all(from, to)
	if r.failed != nil {
		t.Fatal(r.failed)
	}
	r.report(t)
}

// all checks the pods with the indexes.
func (r *run) all(from, to int) {
	each(to-from, func(i int) {
		if err := r.one(from + i); err != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.failed = fmt.Errorf("pod %d of seed %d: %w", from+i, r.seed, err)
		}
	})
}

// each calls do with the numbers below n, on all processors.
func each(n int, do func(i int)) {
	numbers := make(chan int)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range numbers {
				do(i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	wait.Wait()
}

// one makes a pod, prunes it until it is valid, and checks it.
func (r *run) one(index int) error {
	c := r.checker(index)
	pod, err := pods.Generator{Seed: r.seed, Sidecar: c.injector.sidecar}.Pod(index)
	if err != nil {
		return err
	}
	valid, err := pods.Prune(pod, r.server.judge)
	if err != nil {
		return err
	}
	if !valid {
		r.count(notValid)
		return nil
	}
	became, faults, err := c.check(pod)
	if err != nil {
		return err
	}
	if len(faults) == 0 {
		r.count(became)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.coverage.Note(pod)
	for _, f := range faults {
		k := r.kinds[f.kind]
		if k == nil {
			k = &kind{index: index, pod: pod, detail: f.detail}
			r.kinds[f.kind] = k
		}
		if k.count++; index < k.index {
			k.index, k.pod, k.detail = index, pod, f.detail
		}
	}
	return nil
}

func (r *run) count(became fate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fates[became]++
}

// checker returns the checker of a pod.
func (r *run) checker(index int) checker {
	return checker{server: r.server, injector: r.injectors[index%len(r.injectors)]}
}

// report prints what became of the pods, and fails for each kind of fault, with its smallest pod.
func (r *run) report(t *testing.T) {
	var fates strings.Builder
	for _, became := range slices.SortedFunc(maps.Keys(r.fates), func(a, b fate) int { return r.fates[b] - r.fates[a] }) {
		fmt.Fprintf(&fates, "%7d %s\n", r.fates[became], became)
	}
	t.Logf("what became of the pods:\n%s", &fates)
	if r.fates[injected] == 0 && len(r.kinds) == 0 && *only < 0 {
		t.Error("no pod is injected")
	}
	missed, fields := r.coverage.Missed()
	t.Logf("fields of a pod's spec that valid pods had: all but %d of %d:\n  %s", len(missed), fields, strings.Join(missed, "\n  "))
	names := slices.SortedFunc(maps.Keys(r.kinds), func(a, b string) int {
		return cmp.Or(r.kinds[b].count-r.kinds[a].count, strings.Compare(a, b))
	})
	described := make([]string, len(names))
	each(len(names), func(i int) { described[i] = r.describe(names[i], r.kinds[names[i]]) })
	for _, text := range described {
		t.Error(text)
	}
}

// describe shows a kind of fault by the smallest pod that has it.
func (r *run) describe(name string, k *kind) string {
	c := r.checker(k.index)
	detail := k.detail
	small := pods.Minimize(k.pod, 600, func(pod map[string]any) bool {
		_, faults, err := c.check(pod)
		found := slices.IndexFunc(faults, func(f fault) bool { return f.kind == name })
		if err != nil || found < 0 {
			return false
		}
		detail = faults[found].detail
		return true
	})
	text, err := yaml.Marshal(small)
	if err != nil {
		text = []byte(err.Error())
	}
	return fmt.Sprintf("%d pods: %s\ngo test -seed %d -pod %d, with %s:\n%s\n%s", k.count, name, r.seed, k.index, c.injector.name, detail, text)
}
