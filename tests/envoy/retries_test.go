//go:build linux

package envoy

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// quick are values with which retries are not waited for long.
const quick = "http: {retries: {attempts: 2, backOff: 0.001s}}"

// Only what may be done twice is done twice: how often the server is asked, by what is asked and how it answers.
func TestEnvoyRetries(t *testing.T) {
	s := start(t, "{"+quick+"}", plainPod)
	var asked atomic.Int32
	serveHTTP(t, s.Peer, 8080, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Content-Type") == "application/grpc" {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", fmt.Sprint(int(codes.Unavailable)))
			return
		}
		if r.URL.Path == "/reset" {
			panic(http.ErrAbortHandler)
		}
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	})
	for _, c := range []struct {
		method, path, header string
		want                 int32
	}{
		{"GET", "/503", "", 3}, {"HEAD", "/503", "", 3}, {"OPTIONS", "/503", "", 3}, {"PUT", "/503", "", 3}, {"DELETE", "/503", "", 3},
		{"POST", "/503", "", 1}, {"PATCH", "/503", "", 1},
		{"GET", "/500", "", 1}, {"GET", "/502", "", 1}, {"GET", "/504", "", 1}, {"GET", "/429", "", 1},
		{"GET", "/reset", "", 3}, {"POST", "/reset", "", 1},
		{"GET", "/503", "Connection: Upgrade\r\nUpgrade: websocket", 1}, {"POST", "/", "Content-Type: application/grpc", 1},
	} {
		// Go's own client tries again too, where a connection ends without an answer.
		connection, reader := connect(t, s.Pod, at("elsewhere", 0, 8080))
		if c.header != "" {
			c.header += "\r\n"
		}
		asked.Store(0)
		fmt.Fprintf(connection, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n%s\r\n", c.method, c.path, c.header)
		if _, err := http.ReadResponse(reader, &http.Request{Method: c.method}); err != nil {
			t.Errorf("%s %s %s: %v", c.method, c.path, c.header, err)
		}
		if asked.Load() != c.want {
			t.Errorf("%s %s %s: asked %d times, want %d", c.method, c.path, c.header, asked.Load(), c.want)
		}
	}
	seen(t, "retries, by method and answer", "503 and reset: idempotent methods alone; other statuses, upgrades, gRPC: never")
}

// A request that has not left yet is tried again whatever its method is: nobody listens, or the connection ends before
// anything was read from it.
func TestEnvoyUnsent(t *testing.T) {
	s := start(t, "{"+quick+"}", plainPod)
	for _, header := range []string{"", "Content-Type: application/grpc\r\n"} {
		connection, reader := connect(t, s.Pod, at("elsewhere", 0, 8080))
		fmt.Fprintf(connection, "POST /unsent HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n%s\r\n", header)
		if _, err := http.ReadResponse(reader, nil); err != nil {
			t.Error(err)
		}
	}
	lines := s.accesses(t, "path", "/unsent")
	for _, line := range lines {
		if line["attempts"] != 3.0 {
			t.Errorf("%v attempts, want 3: %v", line["attempts"], line)
		}
	}
	if len(lines) != 2 {
		t.Errorf("%d lines in the access log, want 2", len(lines))
	}
	seen(t, "retries, nobody listens", "POST and gRPC are tried again too")
}

// With the defaults no request is lost while a server is gone for 0.3 s; by chance one is in a run of 3,000.
func TestEnvoyServerGone(t *testing.T) {
	const requests, gap, every = 150, 300 * time.Millisecond, 10 * time.Millisecond
	s := start(t, "", plainPod)
	answer := func(http.ResponseWriter, *http.Request) {}
	end := serveHTTP(t, s.Peer, 8080, answer)
	var done sync.WaitGroup
	var lost atomic.Int32
	for i := range requests {
		switch time.Duration(i) * every {
		case gap:
			end()
		case 2 * gap:
			serveHTTP(t, s.Peer, 8080, answer)
		}
		done.Go(func() {
			status, _, err := s.get(s.Pod, at("elsewhere", 0, 8080), "/", nil)
			if err != nil || status != http.StatusOK {
				lost.Add(1)
				t.Errorf("status %d, error %v", status, err)
			}
		})
		time.Sleep(every)
	}
	done.Wait()
	retried := 0
	for _, line := range s.accesses(t, "direction", "outbound") {
		if line["attempts"].(float64) > 1 {
			retried++
		}
	}
	if retried == 0 {
		t.Error("no request was tried again")
	}
	seen(t, "server gone for "+gap.String(), "%d of %d requests failed, %d were tried again", lost.Load(), requests, retried)
}

// With the defaults a server that answers 503 to everything is not asked without bound: the budget holds the retries that are
// under way to 50, or to a fifth of the requests where that is more. A few clients are below that; they ask less often than
// they would without retries, since they wait. What comes without a bound is printed beside it.
func TestEnvoyRetryBudget(t *testing.T) {
	for _, c := range []struct {
		values  string
		clients int
	}{
		{"", 10},
		{"", 200},
		{"http: {retries: {budgetPercent: 100, budgetMinimum: 10000}}", 200}, // without a bound, to compare
	} {
		s := start(t, "{"+c.values+"}", plainPod)
		var sent, asked atomic.Int64
		serveHTTP(t, s.Peer, 8080, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		caller := client(t, s.Pod, false)
		caller.Transport.(*http.Transport).MaxIdleConnsPerHost = c.clients
		var done sync.WaitGroup
		end := time.Now().Add(3 * time.Second)
		for range c.clients {
			done.Go(func() {
				for time.Now().Before(end) {
					sent.Add(1)
					if status, _, err := ask(caller, http.MethodGet, "http://"+at("elsewhere", 0, 8080).String(), nil); status != http.StatusServiceUnavailable {
						t.Errorf("status %d, error %v", status, err)
						return
					}
				}
			})
		}
		done.Wait()
		factor := float64(asked.Load()) / float64(sent.Load())
		seen(t, fmt.Sprintf("503 to everything for 3 s, %d clients, %s", c.clients, cmp.Or(c.values, "defaults")),
			"%d requests, %d at the server: factor %.2f; %s", sent.Load(), asked.Load(), factor, s.ends(t))
		if c.values == "" && c.clients >= 200 && factor > 1.5 {
			t.Errorf("%d requests at the server for %d: factor %.2f", asked.Load(), sent.Load(), factor)
		}
	}
}

// ends stops the proxy, and returns how its outbound requests ended: how many with which flag and details.
func (s *sidecar) ends(t *testing.T) string {
	t.Helper()
	counts := map[string]int{}
	for _, line := range s.accesses(t, "direction", "outbound") {
		counts[fmt.Sprintf("%v %v", line["flags"], line["status_details"])]++
	}
	return fmt.Sprint(counts)
}
