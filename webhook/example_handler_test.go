package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// server is anything that serves handlers at paths, such as controller-runtime's webhook.Server.
type server struct{ *http.ServeMux }

func (s server) Register(path string, hook http.Handler) { s.Handle(path, hook) }

// A webhook in a program of your own, and what the API server would ask it.
func ExampleHandler() {
	config, err := webhook.Parse([]byte("policy: enabled"), []byte("proxy: {logLevel: debug}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := webhook.New(webhook.Options{Config: config})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := server{http.NewServeMux()}
	handler.Register(s)

	review := `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
		"uid": "1", "operation": "CREATE", "namespace": "shop", "kind": {"version": "v1", "kind": "Pod"},
		"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "cart"},
			"spec": {"containers": [{"name": "cart", "image": "cart:1"}]}}}}`
	request := httptest.NewRequest(http.MethodPost, webhook.ScopeNamespace.Path(), strings.NewReader(review))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)

	var answered admissionv1.AdmissionReview
	if err := json.Unmarshal(recorder.Body.Bytes(), &answered); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("allowed:", answered.Response.Allowed)
	fmt.Println("decision:", answered.Response.AuditAnnotations["decision"])
	fmt.Println("reason:", answered.Response.AuditAnnotations["reason"])
	fmt.Println("patched:", len(answered.Response.Patch) > 0)
	// Output:
	// allowed: true
	// decision: inject
	// reason: namespace_opted_in
	// patched: true
}
