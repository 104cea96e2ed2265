package webhook

import (
	"context"
	"net/http"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// TestInTurn: while as many requests are answered as there are processors, another waits; once the API server has given it
// up it is answered with an error, and the turns that end are free for others.
func TestInTurn(t *testing.T) {
	handler, err := New(Options{Config: parsed(t, "", "")})
	if err != nil {
		t.Fatal(err)
	}
	for range cap(handler.turns) {
		handler.turns <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{Operation: admissionv1.Create}}
	response := handler.For(ScopePod, nil).Handle(ctx, request)
	if response.Allowed || response.Result.Code != http.StatusServiceUnavailable || response.AuditAnnotations["reason"] != string(reasonGivenUp) {
		t.Errorf("given up: got %+v", response)
	}
	<-handler.turns
	for range 3 { // each takes the one turn that is free, and gives it back
		response = handler.For(ScopePod, nil).Handle(t.Context(), request)
		if response.AuditAnnotations["reason"] != string(reasonBadRequest) {
			t.Errorf("in its turn: got %+v", response)
		}
	}
}
