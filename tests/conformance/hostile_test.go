package conformance

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/sidecar-injector/sidecar-injector/tests/conformance/internal/hostile"
)

// hostileTemplates are the templates of Istio's configuration that pods may be injected with.
var hostileTemplates = []string{"sidecar", "gateway", "grpc-agent", "grpc-simple"}

// arena is both webhooks under one configuration, made so that templates read as much as they can. Between enter and
// leave it may be used concurrently.
type arena struct {
	name         string
	ours, istios *injector
	// enter prepares the process for this configuration.
	enter func() (leave func())
}

func newArenas(t testing.TB) []arena {
	network := []string{"components.cni.enabled=true", "values.cni.provider=multus", "values.global.mountMtlsCerts=true"}
	configurations := []struct {
		name   string
		flags  []string
		change func(c *configuration) error
	}{
		{"native, multus, datadog", append(network, "values.global.proxy.tracer=datadog"), func(c *configuration) error { return c.editMesh(addOpenTelemetry) }},
		{"classic, lightstep", []string{"values.global.proxy.tracer=lightstep", "values.global.tracer.lightstep.address=satellite:8080",
			"values.global.tracer.lightstep.accessToken=token"}, func(c *configuration) error {
			c.classic = true
			return nil
		}},
	}
	var arenas []arena
	for _, from := range configurations {
		c, err := renderChart(from.flags, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := from.change(&c); err != nil {
			t.Fatal(err)
		}
		a := arena{name: from.name}
		if a.istios, err = newIstios(c, stopOf(t)); err != nil {
			t.Fatal(err)
		}
		if a.ours, err = newOurs(c); err != nil {
			t.Fatal(err)
		}
		a.enter, a.istios.around = c.setProcess, nil
		arenas = append(arenas, a)
	}
	return arenas
}

// TestHostile puts every breakout string at every place that templates read, and looks at the structure of what comes
// out. It does so with every template that reads the place, in the first configuration in which it does; in all other
// combinations, where nothing new is to be expected, it tries a sample.
func TestHostile(t *testing.T) {
	table := newTable("hostile", "place", "tried", "ours: kept", "denied", "broke out", "denied needlessly", "Istio's: kept", "denied", "broke out", "panicked")
	places, values := hostileInputs(), hostile.Values()
	counts := make([]hostileCount, len(places))
	for _, arena := range newArenas(t) {
		leave := arena.enter()
		concurrently(len(places), func(i int) { counts[i].tryAll(arena, places[i], values) })
		leave()
	}
	for i, place := range places {
		count := &counts[i]
		row := []string{place.name, fmt.Sprint(count.tried)}
		for _, n := range []int{count.ours[kept], count.ours[denied], count.ours[brokeOut] + count.ours[panicked], count.needless,
			count.istios[kept], count.istios[denied], count.istios[brokeOut], count.istios[panicked]} {
			row = append(row, fmt.Sprint(n))
		}
		table.row(strings.Join(count.problems, "\n"), row...)
	}
	table.finish(t)
}

// concurrently does n things, as many at a time as there are processors.
func concurrently(n int, do func(i int)) {
	var group sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			do(i)
		})
	}
	group.Wait()
}

// hostileCount counts what became of the values at one place.
type hostileCount struct {
	tried, needless int
	ours, istios    map[fate]int
	problems        []string
	// whole are the templates with which all values were tried.
	whole map[string]bool
}

// sample is how many values stand for one that is tried where nothing new is to be expected.
const sample = 20

// tryAll puts values at a place with every template: all of them the first time that a template reads the place.
func (c *hostileCount) tryAll(a arena, place input, values []string) {
	if c.ours == nil {
		c.ours, c.istios, c.whole = map[fate]int{}, map[fate]int{}, map[string]bool{}
	}
	for _, template := range hostileTemplates {
		stage, err := setStage(a, place, template)
		if err != nil {
			c.problem("    %s, %s: %s", a.name, template, err)
			continue
		}
		all := stage.read && !c.whole[template]
		c.whole[template] = c.whole[template] || all
		c.try(stage, values, all)
	}
}

// try puts values at a place, all or a sample.
func (c *hostileCount) try(stage *stage, values []string, all bool) {
	for i, value := range values {
		if !all && i%sample != 0 {
			continue
		}
		c.tried++
		v, err := stage.try(value)
		if err != nil {
			c.problem("    %s, %s, %.60q: %s", stage.arena.name, stage.template, value, err)
			continue
		}
		c.ours[v.ours]++
		c.istios[v.istios]++
		if v.needless {
			c.needless++
		}
		if v.problem != "" {
			c.problem("    %s, %s, %.60q: %s", stage.arena.name, stage.template, value, v.problem)
		}
	}
}

// problem keeps the first few problems.
func (c *hostileCount) problem(format string, args ...any) {
	const most = 3
	switch {
	case len(c.problems) < most:
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	case len(c.problems) == most:
		c.problems = append(c.problems, "    … and more")
	}
}

// FuzzHostile holds the property of TestHostile for any value. The webhooks are made once.
func FuzzHostile(f *testing.F) {
	arenas, places := newArenas(f), hostileInputs()
	for i, value := range hostile.Values() {
		f.Add(uint(i), uint(i/len(places)), value)
	}
	f.Fuzz(func(t *testing.T, place, template uint, value string) {
		if value == "" || !utf8.ValidString(value) { // no breakout, or nothing that JSON can hold
			return
		}
		name := hostileTemplates[template%uint(len(hostileTemplates))]
		for _, arena := range arenas {
			fuzzOne(t, arena, places[place%uint(len(places))], name, value)
		}
	})
}

func fuzzOne(t *testing.T, arena arena, place input, template, value string) {
	defer arena.enter()()
	stage, err := setStage(arena, place, template)
	if err != nil {
		t.Fatal(err)
	}
	v, err := stage.try(value)
	if err != nil {
		t.Fatal(err)
	}
	if v.problem != "" {
		t.Errorf("%s, %s, %s, %q: %s", arena.name, template, place.name, value, v.problem)
	}
}
