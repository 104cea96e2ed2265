package webhook

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// The benchmarks go from the body of a request to the body of its answer, with no network: what a request costs one
// core of the injector. `go test -bench . -benchmem ./webhook` runs them.

func BenchmarkInject(b *testing.B) { benchmark(b, examplePod(b), "inject") }

// BenchmarkInjectAgain is what reinvocation costs: a pod that is injected already.
func BenchmarkInjectAgain(b *testing.B) {
	pod, _ := serveConfig(b, "").admitted(b, ScopePod, examplePod(b))
	benchmark(b, pod, "inject")
}

func BenchmarkSkip(b *testing.B) {
	pod := examplePod(b)
	annotateInject("false")(pod)
	benchmark(b, pod, "skip")
}

func benchmark(b *testing.B, pod map[string]any, decision string) {
	server := serveConfig(b, "")
	got := server.admit(b, ScopePod, pod).AuditAnnotations["decision"]
	if got != decision {
		b.Fatalf("decision %q, want %q", got, decision)
	}
	hook := reviews{&admission.Webhook{Handler: server.handler.For(ScopePod, nil)}, maxTime, newGate(nil)}
	body := reviewOf(b, pod)
	b.ReportAllocs()
	for b.Loop() {
		request := httptest.NewRequest(http.MethodPost, ScopePod.Path(), bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		hook.ServeHTTP(httptest.NewRecorder(), request)
	}
}
