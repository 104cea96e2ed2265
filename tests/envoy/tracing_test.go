//go:build linux

package envoy

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// receiver is an OTLP receiver that hands on what it gets.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	received chan *trace.ResourceSpans
}

// Export takes spans.
func (r receiver) Export(_ context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	for _, spans := range request.GetResourceSpans() {
		r.received <- spans
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// attributes returns the attributes that are texts.
func attributes(of []*common.KeyValue) map[string]string {
	texts := map[string]string{}
	for _, attribute := range of {
		texts[attribute.GetKey()] = attribute.GetValue().GetStringValue()
	}
	return texts
}

// Spans of both directions arrive at an OTLP receiver with the trace of the request, the names of service, pod and
// namespace; what the application gets as its parent is the span of the proxy. Whether a request is sampled is what it says itself, and
// where it says nothing the value: with 0 it is not.
func TestEnvoyTracing(t *testing.T) {
	s := start(t, `tracing: {host: 10.77.0.1, samplingPercent: 0}`, `{metadata: {name: p, labels: {app: cart}}, spec: {containers: [{name: app, image: app}]}}`)
	got := receiver{received: make(chan *trace.ResourceSpans, 100)}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, got)
	listener := listen(t, s.Peer, 4317)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	passedOn := map[string]bool{}
	for _, w := range s.ways() {
		parents := make(chan string, 1)
		serveHTTP(t, w.server, 8080, func(_ http.ResponseWriter, r *http.Request) { parents <- r.Header.Get("Traceparent") })
		for _, sampled := range []string{"", "-00", "-01"} {
			header := http.Header{}
			if sampled != "" {
				header.Set("Traceparent", "00-"+id+"-"+parent+sampled)
			}
			if _, _, err := s.get(w.client, at(w.place, 0, 8080), "/", header); err != nil {
				t.Fatal(err)
			}
			passed := <-parents
			if sampled == "-01" {
				passedOn[passed] = true
			} else if !strings.HasSuffix(passed, "-00") {
				t.Errorf("a request with the decision %q is passed on with %q, want it not sampled", sampled, passed)
			}
		}
	}
	spans := 0
	for deadline := time.After(patience); spans < 4; {
		select {
		case batch := <-got.received:
			spans += checkSpans(t, batch, id, parent, passedOn)
		case <-deadline:
			t.Fatalf("%d spans, want a server's and a client's of each direction", spans)
		}
	}
	if len(passedOn) > 0 {
		t.Errorf("no span is the parent that was passed on: %v", passedOn)
	}
	if lines := s.accesses(t, "trace_id", id); len(lines) != 4 {
		t.Errorf("the log has %d lines with the trace's id, want 4", len(lines))
	}
	seen(t, "tracing", "%d spans at an OTLP receiver, with the trace's id; service, pod and namespace named; not sampled: none", spans)
}

// checkSpans checks spans of one resource, takes those that were passed on away, and returns how many spans there are.
func checkSpans(t *testing.T, batch *trace.ResourceSpans, id, parent string, passedOn map[string]bool) int {
	t.Helper()
	named := attributes(batch.GetResource().GetAttributes())
	for key, want := range map[string]string{"service.name": "cart", "k8s.pod.name": "p", "k8s.namespace.name": "shop"} {
		if named[key] != want {
			t.Errorf("%s of a span is %q, want %q", key, named[key], want)
		}
	}
	spans := 0
	for _, scope := range batch.GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			spans++
			if got := fmt.Sprintf("%x", span.GetTraceId()); got != id {
				t.Errorf("a span of trace %s, want %s", got, id)
			}
			if kind := span.GetKind(); kind == trace.Span_SPAN_KIND_SERVER && fmt.Sprintf("%x", span.GetParentSpanId()) != parent {
				t.Errorf("a server's span has the parent %x, want %s", span.GetParentSpanId(), parent)
			}
			delete(passedOn, fmt.Sprintf("00-%s-%x-01", id, span.GetSpanId()))
		}
	}
	return spans
}
