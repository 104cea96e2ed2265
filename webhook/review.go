package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// maxReview is how many bytes an AdmissionReview may have: an object and its predecessor of 3 MiB each, the most that an API
// server takes, and what is around them. It is controller-runtime's bound.
const maxReview = 7 << 20

// maxReading is how long a client may take to send an AdmissionReview: it is the API server's default time-out for the whole
// call. What stalls would hold memory, and a replica that is stopping, for ever.
const maxReading = 10 * time.Second

// reviews answers AdmissionReviews over HTTP. It is the reading half of controller-runtime's Webhook, whose other
// half, Handle, it calls; but it reads a review once instead of three times.
type reviews struct {
	webhook    *admission.Webhook
	maxReading time.Duration
}

// ServeHTTP answers with HTTP status 200 always: whether the pod is let in, and which code its refusal has, stands in the
// review.
func (s reviews) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	logger := log.FromContext(r.Context())
	answer := admissionv1.AdmissionReview{}
	var response admission.Response
	if review, code, err := s.read(w, r); err != nil {
		err = bounded(err)
		logger.Error(err, "Request refused")
		response = admission.Errored(code, err)
	} else {
		// v1 and v1beta1 are the same but for the name, and the API server wants its own.
		answer.TypeMeta = review.TypeMeta
		response = s.webhook.Handle(r.Context(), admission.Request{AdmissionRequest: *review.Request})
	}
	answer.Response = &response.AdmissionResponse
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		logger.Error(err, "Answer not sent")
	}
}

// read is readReview within the time that there is for it.
func (s reviews) read(w http.ResponseWriter, r *http.Request) (*admissionv1.AdmissionReview, int32, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.maxReading)) // a writer that has none is not of a connection
	review, code, err := readReview(w, r)
	if err == nil { // otherwise the server goes on to read what is left of the body
		_ = control.SetReadDeadline(time.Time{})
	}
	return review, code, err
}

// readReview returns the review in a request's body, with a request in it, or the code and the reason of a refusal.
func readReview(w http.ResponseWriter, r *http.Request) (*admissionv1.AdmissionReview, int32, error) {
	if contentType := r.Header.Get("Content-Type"); contentType != "application/json" {
		return nil, http.StatusBadRequest, fmt.Errorf("the request's content type is %q, want application/json", contentType)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxReview)); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the request is too large; the limit is %d bytes", maxReview)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, http.StatusRequestTimeout, errors.New("the request did not arrive in time")
		}
		return nil, http.StatusBadRequest, fmt.Errorf("read request: %w", err)
	}
	if body.Len() == 0 {
		return nil, http.StatusBadRequest, errors.New("the request has no body")
	}
	var review admissionv1.AdmissionReview
	if err := jsonv2.Unmarshal(body.Bytes(), &review, asTheAPIServer...); err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("decode AdmissionReview: %w", err)
	}
	if kind := review.GroupVersionKind(); !answered[kind] {
		return nil, http.StatusBadRequest, fmt.Errorf("got %s of %s, want AdmissionReview of admission.k8s.io/v1", kind.Kind, kind.GroupVersion())
	}
	if review.Request == nil {
		review.Request = &admissionv1.AdmissionRequest{} // refused like any that is for nothing
	}
	return &review, 0, nil
}

// answered are the kinds of reviews.
var answered = map[schema.GroupVersionKind]bool{
	{Group: admissionv1.GroupName, Version: "v1", Kind: "AdmissionReview"}:      true,
	{Group: admissionv1.GroupName, Version: "v1beta1", Kind: "AdmissionReview"}: true,
}
