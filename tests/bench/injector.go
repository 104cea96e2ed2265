package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	admissionv1 "k8s.io/api/admission/v1"
)

// injector is a webhook that answers in this process.
type injector struct {
	handler http.Handler
	// path is the URL path of the webhook.
	path string
	// register serves it in another server as well; nil: the handler does.
	register func(registrar)
}

// answer sends a review to the webhook and writes what comes back into the buffer, which is emptied before.
func (i injector) answer(review []byte, into *bytes.Buffer) error {
	into.Reset()
	writer := response{header: http.Header{}, body: into, status: http.StatusOK}
	i.handler.ServeHTTP(&writer, &http.Request{
		Method:        http.MethodPost,
		URL:           &url.URL{Path: i.path},
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(review)),
		ContentLength: int64(len(review)),
	})
	if writer.status != http.StatusOK {
		return fmt.Errorf("ask the webhook at %q: status %d: %.500s", i.path, writer.status, into)
	}
	return nil
}

// response is a http.ResponseWriter that costs nothing to speak of: what is measured is the webhook.
type response struct {
	header http.Header
	body   *bytes.Buffer
	status int
}

func (r *response) Header() http.Header               { return r.header }
func (r *response) Write(text []byte) (int, error)    { return r.body.Write(text) }
func (r *response) WriteHeader(status int)            { r.status = status }
func (r *response) WriteString(s string) (int, error) { return r.body.WriteString(s) }

// wants says what has to become of the pods of a row.
type wants int

const (
	injected wants = iota
	skipped
	anything // also a refusal
)

// check reads an answer and returns its patch.
func (w wants) check(answer []byte) (patch []byte, err error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer, &review); err != nil {
		return nil, fmt.Errorf("decode admission review: %w", err)
	}
	switch r := review.Response; {
	case r == nil:
		return nil, fmt.Errorf("decode admission review: it has no response: %.500s", answer)
	case w == anything:
		return r.Patch, nil
	case !r.Allowed:
		return nil, fmt.Errorf("the pod is refused: %.500s", r.Result.Message)
	case (w == injected) != (len(r.Patch) > 0):
		return nil, fmt.Errorf("the patch has %d bytes", len(r.Patch))
	default:
		return r.Patch, nil
	}
}
