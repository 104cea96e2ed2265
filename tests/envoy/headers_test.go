//go:build linux

package envoy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the proxy adds to a request is what anybody understands, and to a response the Date alone where the server gives none:
// no header that only an Envoy inside a mesh would read reaches the application or the network, traced or not.
func TestEnvoyHeaders(t *testing.T) {
	for name, values := range map[string]string{
		"untraced": "", "traced": "tracing: {host: 10.77.0.1, samplingPercent: 100}",
	} {
		s := start(t, values, annotated(`sidecar-injector.github.io/requestTimeout: 9s`))
		for direction, w := range s.ways() {
			for _, http2 := range []bool{false, true} {
				received := make(chan http.Header, 1)
				end := serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, r *http.Request) {
					received <- r.Header.Clone()
					w.Header()["Date"] = nil
				})
				response, err := client(t, w.client, http2).Get("http://" + at(w.place, 0, 8080).String())
				if err != nil {
					t.Fatal(err)
				}
				_ = response.Body.Close()
				end()
				sent := []string{"Accept-Encoding", "User-Agent"}
				added := []string{"X-Forwarded-Proto", "X-Request-Id"}
				if direction == "inbound" {
					added = append(added, "X-Forwarded-For")
				}
				if name == "traced" {
					added = append(added, "Traceparent", "Tracestate")
				}
				got := <-received
				if diff := cmp.Diff(slices.Sorted(slices.Values(slices.Concat(sent, added))), slices.Sorted(maps.Keys(got))); diff != "" {
					t.Errorf("%s %s, HTTP/2 %t: the request's headers (-want +got):\n%s", name, direction, http2, diff)
				}
				if diff := cmp.Diff([]string{"Content-Length", "Date"}, slices.Sorted(maps.Keys(response.Header))); diff != "" {
					t.Errorf("%s %s, HTTP/2 %t: the response's headers (-want +got):\n%s", name, direction, http2, diff)
				}
				if !http2 {
					seen(t, "headers, "+direction+", "+name, "added to a request: %s; to a response: Date", strings.Join(added, ", "))
				}
			}
		}
		for port, path := range map[int]string{15021: "/healthz/ready", 15090: "/stats/prometheus"} {
			response, err := client(t, s.Peer, false).Get("http://" + at("pod", 0, port).String() + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			for key := range response.Header {
				if strings.HasPrefix(key, "X-Envoy") {
					t.Errorf("port %d answers with %s", port, key)
				}
			}
		}
	}
}

// A client outside tells the proxy nothing by headers of its own: what would make it retry, wait or change a request does
// not reach the application. A request id that came along stays.
func TestEnvoyForeignHeaders(t *testing.T) {
	s := start(t, "", plainPod)
	received := make(chan http.Header, 1)
	serveHTTP(t, s.Pod, 8080, func(_ http.ResponseWriter, r *http.Request) { received <- r.Header.Clone() })
	_, _, err := s.get(s.Peer, at("pod", 0, 8080), "/", http.Header{
		"X-Envoy-Internal": {"true"}, "X-Envoy-External-Address": {"1.2.3.4"}, "X-Envoy-Max-Retries": {"9"},
		"X-Envoy-Retry-On": {"5xx"}, "X-Envoy-Upstream-Rq-Timeout-Ms": {"1"}, "X-Request-Id": {"mine"}, "X-Forwarded-For": {"192.0.2.7"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := <-received
	for key := range got {
		if strings.HasPrefix(key, "X-Envoy") {
			t.Errorf("the application sees %s: %q", key, got[key])
		}
	}
	if got.Get("X-Request-Id") != "mine" || !strings.HasPrefix(got.Get("X-Forwarded-For"), "192.0.2.7,") {
		t.Errorf("the application sees X-Request-Id %q and X-Forwarded-For %q", got["X-Request-Id"], got["X-Forwarded-For"])
	}
	seen(t, "headers of a client outside", "X-Envoy-* removed; X-Request-Id stays; X-Forwarded-For %s", got.Get("X-Forwarded-For"))
}
