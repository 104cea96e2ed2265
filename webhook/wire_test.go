package webhook

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// webhookServer is a Handler behind real HTTP, as an API server sees it.
type webhookServer struct {
	handler *Handler
	url     string
}

// mux makes a server for Handler.Register of a ServeMux.
type mux struct{ *http.ServeMux }

func (m mux) Register(path string, hook http.Handler) { m.Handle(path, hook) }

func serve(t testing.TB, options Options) *webhookServer {
	t.Helper()
	handler, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	paths := mux{http.NewServeMux()}
	handler.Register(paths)
	server := httptest.NewServer(paths)
	t.Cleanup(server.Close)
	return &webhookServer{handler, server.URL}
}

// serveConfig serves a configuration with no more around it.
func serveConfig(t testing.TB, config string) *webhookServer {
	t.Helper()
	return serve(t, Options{Config: parsed(t, config, "")})
}

// post sends a body and returns the answer's body; the status is 200 even where the request is refused.
func (s *webhookServer) post(t testing.TB, scope Scope, contentType string, body []byte) []byte {
	t.Helper()
	response, err := http.Post(s.url+scope.Path(), contentType, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("HTTP status %s: %s", response.Status, answer)
	}
	return answer
}

// requestChange changes an admission request in one respect.
type requestChange func(*admissionv1.AdmissionRequest)

// reviewOf returns the AdmissionReview that asks for a pod's creation in the namespace shop. The pod is anything that
// JSON can hold.
func reviewOf(t testing.TB, pod any, changes ...requestChange) []byte {
	t.Helper()
	kind, resource := metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, metav1.GroupVersionResource{Version: "v1", Resource: "pods"}
	request := &admissionv1.AdmissionRequest{
		UID:       "0f7a8f1c-1111-4222-8333-444455556666",
		Kind:      kind,
		Resource:  resource,
		Name:      "myapp",
		Namespace: "shop",
		Operation: admissionv1.Create,
		Object:    runtime.RawExtension{Raw: encode(t, pod)},
	}
	request.RequestKind, request.RequestResource = &kind, &resource
	for _, change := range changes {
		change(request)
	}
	return encode(t, admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request:  request,
	})
}

// admit sends a pod and returns the response, which it checks for what the API server wants of every response.
func (s *webhookServer) admit(t testing.TB, scope Scope, pod any, changes ...requestChange) *admissionv1.AdmissionResponse {
	t.Helper()
	body := reviewOf(t, pod, changes...)
	return responseIn(t, s.post(t, scope, "application/json", body), uidOf(t, body))
}

// responseIn decodes an answer strictly.
func responseIn(t testing.TB, answer []byte, uid types.UID) *admissionv1.AdmissionResponse {
	t.Helper()
	var review admissionv1.AdmissionReview
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&review); err != nil || review.Response == nil {
		t.Fatalf("answer is no AdmissionReview with a response (%v): %s", err, answer)
	}
	response := review.Response
	if review.APIVersion != "admission.k8s.io/v1" || review.Kind != "AdmissionReview" || response.UID != uid {
		t.Errorf("answer is %s %s for %q, want admission.k8s.io/v1 AdmissionReview for %q", review.APIVersion, review.Kind, response.UID, uid)
	}
	if hasPatch := len(response.Patch) > 0; hasPatch != (response.PatchType != nil) || hasPatch && *response.PatchType != admissionv1.PatchTypeJSONPatch {
		t.Errorf("patch of type %v: %s", response.PatchType, response.Patch)
	}
	if response.AuditAnnotations["decision"] == "" || response.AuditAnnotations["reason"] == "" {
		t.Errorf("audit annotations %v, want decision and reason on every answer", response.AuditAnnotations)
	}
	return response
}

func uidOf(t testing.TB, review []byte) types.UID {
	t.Helper()
	var decoded admissionv1.AdmissionReview
	decodeInto(t, review, &decoded)
	return decoded.Request.UID
}

func decodeInto(t testing.TB, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
}

// admitted sends a pod that is to be allowed, and returns the pod as the API server then has it. The result is sent
// once more, with the same changes, and must come back as it is, decided alike.
func (s *webhookServer) admitted(t testing.TB, scope Scope, pod map[string]any, changes ...requestChange) (map[string]any, *admissionv1.AdmissionResponse) {
	t.Helper()
	response := s.admit(t, scope, pod, changes...)
	if !response.Allowed {
		t.Fatalf("refused: %s", response.Result.Message)
	}
	result := applied(t, pod, response.Patch)
	again := s.admit(t, scope, result, changes...)
	if !again.Allowed || len(again.Patch) > 0 {
		t.Errorf("admitting the result again: allowed %v, patch %s", again.Allowed, again.Patch)
	}
	if diff := cmp.Diff(response.AuditAnnotations, again.AuditAnnotations); diff != "" {
		t.Errorf("audit annotations (-first +again):\n%s", diff)
	}
	return result, response
}

// wantAudit compares the audit annotations with decision, reason and, if there are any, templates.
func wantAudit(t testing.TB, response *admissionv1.AdmissionResponse, decision, reason, templates string) {
	t.Helper()
	want := map[string]string{"decision": decision, "reason": reason}
	if templates != "" {
		want["templates"] = templates
	}
	if diff := cmp.Diff(want, response.AuditAnnotations); diff != "" {
		t.Errorf("audit annotations (-want +got):\n%s", diff)
	}
}
