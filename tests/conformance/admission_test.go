package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	jsonpatch "github.com/evanphx/json-patch/v5"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// injector is a webhook that answers admission reviews in this process: ours or Istio's.
type injector struct {
	handler http.Handler
	// path is the URL path of the webhook.
	path string
	// around prepares the process for one answer, and undoes it; nil: nothing is needed.
	around func() (undo func())
}

// outcome is what became of a pod.
type outcome struct {
	// pod is the pod afterwards: patched, or as it was sent.
	pod []byte
	// operations is the number of operations of the patch.
	operations int
	patched    bool
	denied     bool
	// message says why the pod is denied.
	message string
	// panicked is what the webhook panicked with, which ends as a denial.
	panicked any
	// reason is the reason of our decision.
	reason string
}

func (o outcome) String() string {
	switch {
	case o.panicked != nil:
		return fmt.Sprintf("panic: %v", o.panicked)
	case o.denied:
		return "denied: " + o.message
	case o.patched:
		return "injected"
	default:
		return "skipped"
	}
}

// admit sends the pod to the webhook and applies its answer. An error says that the two did not understand each other;
// a denial is none.
func (i *injector) admit(s submission) (o outcome, err error) {
	body, err := s.review()
	if err != nil {
		return outcome{}, err
	}
	request := httptest.NewRequest(http.MethodPost, i.path, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			o, err = outcome{pod: s.pod, denied: true, panicked: p}, nil
		}
	}()
	if i.around != nil {
		defer i.around()()
	}
	i.handler.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		return outcome{}, fmt.Errorf("ask the webhook at %q: status %d: %s", i.path, recorder.Code, recorder.Body)
	}
	return readOutcome(s.pod, recorder.Body.Bytes())
}

// review returns the AdmissionReview that the API server would send.
func (s submission) review() ([]byte, error) {
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID:       "00000000-0000-0000-0000-000000000000",
			Kind:      metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
			Resource:  metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
			Namespace: s.namespace,
			Operation: admissionv1.Create,
			Object:    runtime.RawExtension{Raw: s.pod},
		},
	}
	body, err := json.Marshal(review)
	if err != nil {
		return nil, fmt.Errorf("encode admission review: %w", err)
	}
	return body, nil
}

func readOutcome(pod, body []byte) (outcome, error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		return outcome{}, fmt.Errorf("decode admission review: %w", err)
	}
	response := review.Response
	if response == nil {
		return outcome{}, fmt.Errorf("decode admission review: it has no response: %s", body)
	}
	o := outcome{pod: pod, denied: !response.Allowed, reason: response.AuditAnnotations["reason"]}
	if response.Result != nil {
		o.message = response.Result.Message
	}
	if len(response.Patch) == 0 {
		return o, nil
	}
	patch, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		return outcome{}, fmt.Errorf("decode patch: %w", err)
	}
	o.operations, o.patched = len(patch), true
	if o.pod, err = patch.Apply(pod); err != nil {
		return outcome{}, fmt.Errorf("apply patch: %w", err)
	}
	return o, nil
}
