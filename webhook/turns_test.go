package webhook

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// TestInTurn: while as many requests are answered as there are turns, another waits; once the API server has given it up it
// is answered with an error, and the turns that end are free for others. Large pods have turns of their own.
func TestInTurn(t *testing.T) {
	handler, err := New(Options{Config: parsed(t, "", "")})
	if err != nil {
		t.Fatal(err)
	}
	handle := func(ctx context.Context, pod string) (reason string, code int32) {
		request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: []byte(pod)}}}
		response := handler.For(ScopePod, nil).Handle(ctx, request)
		if response.Allowed {
			t.Errorf("got %+v, want a refusal", response)
		}
		return response.AuditAnnotations["reason"], response.Result.Code
	}
	small, large := "{}", "{}"+strings.Repeat(" ", smallPod)
	for range cap(handler.small) {
		handler.small <- struct{}{}
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if reason, code := handle(given, small); reason != string(reasonGivenUp) || code != http.StatusServiceUnavailable {
		t.Errorf("given up: got %s with code %d", reason, code)
	}
	if reason, _ := handle(t.Context(), large); reason != string(reasonBadRequest) {
		t.Errorf("a large pod: got %s, want an answer though small ones wait", reason)
	}
	<-handler.small
	handler.large <- struct{}{}
	if reason, _ := handle(given, large); reason != string(reasonGivenUp) {
		t.Errorf("a large pod, given up: got %s", reason)
	}
	for range 3 { // each takes the one turn that is free, and gives it back
		if reason, _ := handle(t.Context(), small); reason != string(reasonBadRequest) {
			t.Errorf("in its turn: got %s", reason)
		}
	}
}

// TestGivenUpInTheMiddle: a request that the API server gives up while it is answered is not finished.
func TestGivenUpInTheMiddle(t *testing.T) {
	config := parsed(t, "", "")
	given, cancel := context.WithCancel(t.Context())
	cancel()
	input := templates.Input{Pod: aPod(t), Done: given.Done()}
	if _, err := config.engine.Answer(input); !errors.Is(err, templates.ErrEnded) {
		t.Errorf("got the error %v, want %v", err, templates.ErrEnded)
	}
}
