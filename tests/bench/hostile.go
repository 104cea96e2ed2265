package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

const (
	// hostileFor is how long the worst pods come.
	hostileFor = 30 * time.Second
	// ordinaryClients ask for ordinary pods meanwhile, and pause between two.
	ordinaryClients = 4
	ordinaryPause   = 20 * time.Millisecond
)

// hostile measures the program in a container's memory, if this may make cgroups, while 64 clients send it the worst pods
// that are known without end: the most memory that it has, and how long ordinary pods take meanwhile. An error is a request
// without an answer: each must be answered, with a pod, a refusal, or 429.
func (p *parts) hostile(_ int, into results) error {
	limit, err := chartLimit()
	if err != nil {
		return err
	}
	s, err := startServe(p.program, limit)
	if err != nil {
		return err
	}
	defer s.stop()
	path := webhook.ScopePod.Path() + "?timeout=10s"
	worst, ordinary := newLoad(s.address, path), newLoad(s.address, path)
	kinds := worstReviews()
	var ended atomic.Bool
	var answers tally
	var latencies []time.Duration
	var mu sync.Mutex
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			for number := i; !ended.Load(); number += clients {
				answers.add(worst.status(kinds[number%len(kinds)]))
			}
		})
	}
	for i := range ordinaryClients {
		running.Go(func() {
			for number := i; !ended.Load(); number += ordinaryClients {
				review, begin := others(example)(number), time.Now()
				err := ordinary.ask(review)
				mu.Lock()
				latencies = append(latencies, time.Since(begin))
				mu.Unlock()
				if err != nil {
					answers.add("", err)
				}
				time.Sleep(ordinaryPause)
			}
		})
	}
	most := 0.0
	for end := time.Now().Add(hostileFor); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		now, err := anonymous(s.process.Pid)
		if err != nil {
			ended.Store(true)
			return fmt.Errorf("%w: the program has ended: %s", err, &s.log)
		}
		most = max(most, now)
	}
	ended.Store(true)
	running.Wait()
	slices.Sort(latencies)
	into["hostile, memory"] = measured{nameOurs: {bytes: most}}
	into["hostile, p50"] = measured{nameOurs: {time: latencies[len(latencies)/2]}}
	into["hostile, p99"] = measured{nameOurs: {time: latencies[len(latencies)*99/100]}}
	fmt.Fprintf(os.Stderr, "hostile: %d ordinary pods, the worst: %s; limit %d MiB\n", len(latencies), &answers, limit>>20)
	return answers.failure
}

// status sends a review and returns what its answer says, in a few words.
func (l load) status(review []byte) (string, error) {
	answer, err := l.client.Post(l.url, "application/json", bytes.NewReader(review))
	if err != nil {
		return "", fmt.Errorf("send one of the worst pods: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", fmt.Errorf("read the answer for one of the worst pods: %w", err)
	}
	for reason, words := range map[string]string{`"reason":"given_up"`: "given up", `"reason":"too_large"`: "too large", `"patch"`: "injected"} {
		if bytes.Contains(text, []byte(words)) || bytes.Contains(text, []byte(reason)) {
			return words, nil
		}
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("status %d", answer.StatusCode), nil
	}
	return "refused", nil
}

// tally counts answers by what they say. It is safe for concurrent use.
type tally struct {
	mu      sync.Mutex
	counts  map[string]int
	failure error
}

func (t *tally) add(answer string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.failure = err
		answer = "no answer"
	}
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[answer]++
}

func (t *tally) String() string {
	var parts []string
	for answer, count := range t.counts {
		parts = append(parts, fmt.Sprintf("%d %s", count, answer))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// worstReviews returns one review of each kind of the worst pods, just within the limits or beyond them, up to the 3 MiB
// that an API server takes.
func worstReviews() [][]byte {
	list := func(count int, element string) string {
		var all strings.Builder
		for i := range count {
			fmt.Fprintf(&all, element+",", i, i+1)
		}
		return "[" + strings.TrimSuffix(all.String(), ",") + "]"
	}
	app := `"containers":[{"name":"app","image":"app:1"}]`
	containers := func(count int, element string) []byte { return worst(count, "", `"containers":`+list(count, element)) }
	return [][]byte{
		betweenOverrides(33_000)(1),
		betweenOverrides(60_000)(2),
		portLists(60_000)(3),
		nested(9_900)(5),
		containers(20_000, `{"name":"c%d","image":"app","ports":[{"containerPort":%d}]}`),
		containers(7_000, `{"name":"c%d","image":"app","livenessProbe":{"httpGet":{"port":%[2]d,"path":"/a"}},"readinessProbe":{"tcpSocket":{"port":%[2]d}}}`),
		worst(6, "", `"containers":[{"name":"app","image":"app","env":`+list(33_000, `{"name":"A%d","value":"a value of some length %d"}`)+`}]`),
		worst(7, "", `"tolerations":`+list(99_000, `{"\u0061%d":%d}`)+`,`+app),
		worst(8, "", `"volumes":`+list(32_000, `{"name":"v%d","emptyDir":{"x":%d}}`)+`,`+app),
		worst(9, `,"a":"`+strings.Repeat(`\u0001`, 500_000)+`"`, app),
		worst(10, `,"a":"`+strings.Repeat("x", 3<<20)+`"`, app),
	}
}
