package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"golang.org/x/sync/semaphore"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const (
	// maxReview is how many bytes an AdmissionReview may have: an object and its predecessor of 3 MiB each, the most that an
	// API server takes, and what is around them. It is controller-runtime's bound.
	maxReview = 7 << 20
	// maxTime is how long a request may take if it does not say how long the API server waits, or says longer: it is the API
	// server's default. So long a client may take to send its review, and so long again to take the answer: what stalls would
	// hold memory, and a replica that is stopping, for ever.
	maxTime = 10 * time.Second
	// maxRequests is how many requests there may be at once, those that wait included. An API server has 200 at once that
	// change something (--max-mutating-requests-inflight). One more is answered with 429, and the API server asks again
	// after retryAfter seconds.
	maxRequests = 512
	retryAfter  = "1"
	// maxDiscard is how long a request that is refused with 429 may take to arrive.
	maxDiscard = time.Second
	// maxBodies is how many bytes the bodies of large reviews may have together that are held at once; others wait to be
	// read. Small ones, of up to smallPod bytes, are not counted: maxRequests bounds them.
	maxBodies = 16 << 20
)

// reviews answers AdmissionReviews over HTTP. It is the reading half of controller-runtime's Webhook, whose other
// half, Handle, it calls; but it reads a review once instead of three times.
type reviews struct {
	webhook *admission.Webhook
	maxTime time.Duration
	gate    *gate
}

// gate bounds the requests of a handler, whichever path they come by.
type gate struct {
	requests chan struct{}       // holds one for each request
	bodies   *semaphore.Weighted // of large reviews, in bytes; who waits is served in turn
	metrics  *metrics
}

func newGate(m *metrics) *gate {
	return &gate{requests: make(chan struct{}, maxRequests), bodies: semaphore.NewWeighted(maxBodies), metrics: m}
}

// ServeHTTP answers with HTTP status 200, and whether the pod is let in, and which code its refusal has, stands in the
// review; but with 429 if there are too many requests.
func (s reviews) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	control := http.NewResponseController(w) // one that knows no deadlines is not of a connection
	select {
	case s.gate.requests <- struct{}{}:
		defer func() { <-s.gate.requests }()
	default:
		s.refuse(w, r, start)
		return
	}
	limit := s.timeOf(r)
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	if size := bodySize(r); size > smallPod {
		if s.gate.bodies.Acquire(ctx, size) != nil {
			s.refuse(w, r, start)
			return
		}
		defer s.gate.bodies.Release(size)
	}
	_ = control.SetReadDeadline(start.Add(limit))
	answer := s.answer(ctx, w, r, control)
	_ = control.SetWriteDeadline(time.Now().Add(s.maxTime))
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		log.FromContext(ctx).Error(err, "Answer not sent")
	}
}

// answer reads the review and returns the one with its answer.
func (s reviews) answer(ctx context.Context, w http.ResponseWriter, r *http.Request, control *http.ResponseController) admissionv1.AdmissionReview {
	answer := admissionv1.AdmissionReview{}
	var response admission.Response
	if review, code, err := readReview(w, r); err != nil {
		err = bounded(err)
		log.FromContext(ctx).Error(err, "Request refused")
		response = admission.Errored(code, err)
	} else {
		_ = control.SetReadDeadline(time.Time{}) // otherwise the server goes on to read what is left of the body
		// v1 and v1beta1 are the same but for the name, and the API server wants its own.
		answer.TypeMeta = review.TypeMeta
		response = s.webhook.Handle(ctx, admission.Request{AdmissionRequest: *review.Request})
	}
	answer.Response = &response.AdmissionResponse
	return answer
}

// timeOf returns how long the API server waits for the answer, which it says in the URL.
func (s reviews) timeOf(r *http.Request) time.Duration {
	if asked, err := time.ParseDuration(r.URL.Query().Get("timeout")); err == nil && asked > 0 {
		return min(asked, s.maxTime)
	}
	return s.maxTime
}

// bodySize returns how many bytes a request's body may have.
func bodySize(r *http.Request) int64 {
	if r.ContentLength < 0 { // it does not say
		return maxReview
	}
	return min(r.ContentLength, maxReview)
}

// refuse says that there are too many requests, in a form that the API server and its clients know. What is left of the body
// is read, and not kept: a client that is cut off in the middle of it would not see the answer.
func (s reviews) refuse(w http.ResponseWriter, r *http.Request, start time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(min(maxDiscard, s.maxTime)))
	_, _ = io.CopyN(io.Discard, r.Body, maxReview) // what does not arrive ends the connection
	s.gate.metrics.record(start, outcomeError, reasonTooMany)
	w.Header().Set("Retry-After", retryAfter)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusTooManyRequests)
	status := metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Reason: metav1.StatusReasonTooManyRequests, Code: http.StatusTooManyRequests,
		Message: fmt.Sprintf("the sidecar injector has too many requests; at most %d are allowed at once", maxRequests),
	}
	_ = json.NewEncoder(w).Encode(status) // who has left does not read it
}

// readReview returns the review in a request's body, with a request in it, or the code and the reason of a refusal.
func readReview(w http.ResponseWriter, r *http.Request) (*admissionv1.AdmissionReview, int32, error) {
	if contentType := r.Header.Get("Content-Type"); contentType != "application/json" {
		return nil, http.StatusBadRequest, fmt.Errorf("the request's content type is %q, want application/json", contentType)
	}
	var body bytes.Buffer
	body.Grow(int(bodySize(r)) + bytes.MinRead)
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
