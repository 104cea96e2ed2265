package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestHandlerRefusesWhatIsNoReview sends bodies from which no request can be read: there is no UID to answer, and so
// none of what a decision has.
func TestHandlerRefusesWhatIsNoReview(t *testing.T) {
	const jsonType = "application/json"
	tests := map[string]struct {
		contentType, body string
		code              int32
		message           string
	}{
		"an empty body":                    {jsonType, "", 400, "the request has no body"},
		"no content type":                  {"", "{}", 400, `content type is "", want application/json`},
		"another content type":             {"application/yaml", string(reviewOf(t, aPod(t))), 400, `content type is "application/yaml", want application/json`},
		"protobuf":                         {"application/vnd.kubernetes.protobuf", "k8s\x00", 400, "want application/json"},
		"malformed JSON":                   {jsonType, `{"apiVersion": "admission.k8s.io/v1", `, 400, "unexpected EOF"},
		"no JSON":                          {jsonType, "\x00\xff\xfe", 400, `invalid character '\x00'`},
		"a review cut off":                 {jsonType, string(reviewOf(t, aPod(t))[:200]), 400, "unexpected EOF"},
		"JSON that is a list":              {jsonType, "[]", 400, "unmarshal JSON array"},
		"JSON that is a string":            {jsonType, `"AdmissionReview"`, 400, "unmarshal JSON string"},
		"JSON that is a pod":               {jsonType, minimalPod, 400, "got Pod of v1, want AdmissionReview of admission.k8s.io/v1"},
		"a review of an unknown version":   {jsonType, `{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview"}`, 400, "got AdmissionReview of admission.k8s.io/v2, want AdmissionReview of admission.k8s.io/v1"},
		"a request that is a list":         {jsonType, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":[]}`, 400, "unmarshal JSON array"},
		"a request whose kind is a string": {jsonType, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"kind":"Pod"}}`, 400, "unmarshal JSON string"},
		"a body of more than 7 MiB":        {jsonType, strings.Repeat(" ", 7<<20+1), 413, "the request is too large; the limit is 7340032 bytes"},
	}
	server := serveConfig(t, "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var review admissionv1.AdmissionReview
			answer := server.post(t, ScopePod, test.contentType, []byte(test.body))
			if err := json.Unmarshal(answer, &review); err != nil || review.Response == nil {
				t.Fatalf("answer is no AdmissionReview (%v): %s", err, answer)
			}
			result := review.Response.Result
			if review.Response.Allowed || result.Code != test.code || !strings.Contains(result.Message, test.message) {
				t.Errorf("answer %s, want a refusal with code %d and %q", answer, test.code, test.message)
			}
		})
	}
}

func TestHandlerServesItsTwoPathsOnly(t *testing.T) {
	server := serveConfig(t, "")
	for _, path := range []string{"/", "/inject", "/inject/", "/inject/other", "/inject/pod/more", "/inject/pod/a/b/c", "/inject/pod//a"} {
		response, err := http.Post(server.url+path, "application/json", bytes.NewReader(reviewOf(t, aPod(t))))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", path, response.Status)
		}
	}
}

// TestHandlerRefusesWhatIsNoCreationOfAPod sends proper reviews with a request that the webhook configuration never
// lets through.
func TestHandlerRefusesWhatIsNoCreationOfAPod(t *testing.T) {
	tests := map[string]struct {
		change  requestChange
		message string
	}{
		"another kind": {func(r *admissionv1.AdmissionRequest) {
			r.Kind = metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
		}, "got CREATE of v1 Deployment, want CREATE of v1 Pod"},
		"a pod of another group": {func(r *admissionv1.AdmissionRequest) { r.Kind.Group = "example.com" }, "want CREATE of v1 Pod"},
		"an update":              {func(r *admissionv1.AdmissionRequest) { r.Operation = admissionv1.Update }, "got UPDATE of v1 Pod, want CREATE of v1 Pod"},
		"a deletion":             {func(r *admissionv1.AdmissionRequest) { r.Operation, r.Object.Raw = admissionv1.Delete, nil }, "got DELETE of v1 Pod, want CREATE of v1 Pod"},
		"a connection":           {func(r *admissionv1.AdmissionRequest) { r.Operation, r.SubResource = admissionv1.Connect, "exec" }, "got CONNECT of v1 Pod/exec, want CREATE of v1 Pod"},
		"an eviction": {func(r *admissionv1.AdmissionRequest) {
			r.SubResource, r.Kind = "eviction", metav1.GroupVersionKind{Group: "policy", Version: "v1", Kind: "Eviction"}
		}, "got CREATE of v1 Eviction/eviction, want CREATE of v1 Pod"},
		"a pod's subresource":    {func(r *admissionv1.AdmissionRequest) { r.SubResource = "eviction" }, "got CREATE of v1 Pod/eviction, want CREATE of v1 Pod"},
		"an empty request":       {func(r *admissionv1.AdmissionRequest) { *r = admissionv1.AdmissionRequest{} }, "want CREATE of v1 Pod"},
		"no object":              {func(r *admissionv1.AdmissionRequest) { r.Object = runtime.RawExtension{} }, "decode pod: the request has no object"},
		"an object that is null": {func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte("null") }, "decode pod: the request has no object"},
	}
	server := serveConfig(t, "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wantBadRequest(t, server.admit(t, ScopeNamespace, aPod(t), test.change), test.message)
		})
	}
	t.Run("a review without a request", func(t *testing.T) {
		answer := server.post(t, ScopeNamespace, "application/json", []byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`))
		wantBadRequest(t, responseIn(t, answer, ""), "want CREATE of v1 Pod")
	})
}

func wantBadRequest(t *testing.T, response *admissionv1.AdmissionResponse, message string) {
	t.Helper()
	if response.Allowed || response.Result.Code != http.StatusBadRequest || !strings.Contains(response.Result.Message, message) || strings.Contains(response.Result.Message, "\n") {
		t.Errorf("allowed %v, code %d, message %q, want a refusal with 400 and %q", response.Allowed, response.Result.Code, response.Result.Message, message)
	}
	wantAudit(t, response, "error", "bad_request", "")
}

// TestHandlerRefusesMalformedPods sends pods that are no pods: mutating webhooks come before validation.
func TestHandlerRefusesMalformedPods(t *testing.T) {
	tests := map[string]struct {
		pod     any
		message string
	}{
		"a list":                      {[]any{}, "decode pod: got a list, want an object"},
		"a string":                    {"pod", "decode pod: got a string, want an object"},
		"a number":                    {7, "decode pod: got an integer, want an object"},
		"a boolean":                   {true, "decode pod: got a boolean, want an object"},
		"metadata is a string":        {aPod(t, set("x", "metadata")), "decode pod: metadata: got a string, want an object"},
		"labels are a list":           {aPod(t, set([]any{"a"}, "metadata", "labels")), "decode pod: metadata.labels: got a list, want an object"},
		"a label is a number":         {aPod(t, set(1, "metadata", "labels", injectKey)), "decode pod: metadata.labels: got a number, want a string"},
		"an annotation is a boolean":  {aPod(t, set(true, "metadata", "annotations", injectKey)), "decode pod: metadata.annotations: got a boolean, want a string"},
		"an annotation is an object":  {aPod(t, set(map[string]any{}, "metadata", "annotations", injectKey)), "decode pod: metadata.annotations: got an object, want a string"},
		"the spec is a list":          {aPod(t, set([]any{}, "spec")), "decode pod: spec: got a list, want an object"},
		"containers are a string":     {aPod(t, set("x", "spec", "containers")), "decode pod: spec.containers: got a string, want a list"},
		"containers are an object":    {aPod(t, set(map[string]any{"name": "x"}, "spec", "containers")), "decode pod: spec.containers: got an object, want a list"},
		"a container is a string":     {aPod(t, set([]any{"x"}, "spec", "containers")), "decode pod: spec.containers: got a string, want an object"},
		"a container is a list":       {aPod(t, set([]any{[]any{}}, "spec", "containers")), "decode pod: spec.containers: got a list, want an object"},
		"an init container is string": {aPod(t, set([]any{"x"}, "spec", "initContainers")), "decode pod: spec.initContainers: got a string, want an object"},
		"ports are a string":          {aPod(t, inFirstContainer("ports", "80")), "decode pod: spec.containers.ports: got a string, want a list"},
		"a port is a string":          {aPod(t, inFirstContainer("ports", []any{map[string]any{"containerPort": "80"}})), "decode pod: spec.containers.ports.containerPort: got a string, want an integer"},
		"hostNetwork is a string":     {aPod(t, set("true", "spec", "hostNetwork")), "decode pod: spec.hostNetwork: got a string, want a boolean"},
		"the system is a string":      {aPod(t, set("windows", "spec", "os")), "decode pod: spec.os: got a string, want an object"},
		"an amount is an object":      {aPod(t, inFirstContainer("resources", map[string]any{"limits": map[string]any{"cpu": map[string]any{}}})), "decode pod: quantities must match the regular expression"},
		"an amount is no amount":      {aPod(t, inFirstContainer("resources", map[string]any{"limits": map[string]any{"cpu": "much"}})), "decode pod: quantities must match the regular expression"},
		"an image is a number":        {aPod(t, inFirstContainer("image", 1)), "decode pod: spec.containers.image: got a number, want a string"},
	}
	server := serveConfig(t, "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { wantBadRequest(t, server.admit(t, ScopeNamespace, test.pod), test.message) })
	}
}

// TestHandlerSurvivesOddPods sends pods that decode and that the API server will refuse for its own reasons, or not.
// Whether they are injected does not matter; that every one gets an answer does.
func TestHandlerSurvivesOddPods(t *testing.T) {
	tests := map[string]map[string]any{
		"an empty object":              {},
		"no metadata":                  aPod(t, set(nil, "metadata")),
		"no spec":                      aPod(t, set(nil, "spec")),
		"metadata without anything":    aPod(t, set(map[string]any{}, "metadata")),
		"null labels and annotations":  aPod(t, set(nil, "metadata", "labels"), set(nil, "metadata", "annotations")),
		"null containers":              aPod(t, set(nil, "spec", "containers")),
		"no containers":                aPod(t, set([]any{}, "spec", "containers")),
		"a container that is null":     aPod(t, set([]any{nil}, "spec", "containers")),
		"an empty container":           aPod(t, set([]any{map[string]any{}}, "spec", "containers")),
		"a container without a name":   aPod(t, set([]any{map[string]any{"image": "nginx"}}, "spec", "containers")),
		"a container named null":       aPod(t, inFirstContainer("name", nil)),
		"a container with no name":     aPod(t, inFirstContainer("name", "")),
		"two containers of one name":   aPod(t, container("containers", "myapp")),
		"two proxies of the user's":    aPod(t, container("containers", "sidecar-proxy"), container("initContainers", "sidecar-proxy")),
		"one proxy twice in a list":    aPod(t, container("containers", "sidecar-proxy"), container("containers", "sidecar-proxy")),
		"a port without a number":      aPod(t, inFirstContainer("ports", []any{map[string]any{"name": "web"}})),
		"a null port":                  aPod(t, inFirstContainer("ports", []any{nil})),
		"an environment of no names":   aPod(t, inFirstContainer("env", []any{map[string]any{"value": "x"}})),
		"a status that is no JSON":     aPod(t, annotation(statusKey, "{")),
		"a status of another shape":    aPod(t, annotation(statusKey, `{"containers":"x"}`)),
		"a status with broken marks":   aPod(t, annotation(statusKey, `{"containers":{"myapp":"AAA="}}`)),
		"a merge directive":            aPod(t, set("replace", "spec", "$patch")),
		"an annotation of control":     aPod(t, annotation("sidecar.istio.io/logLevel", "info\n\x00---\n")),
		"a name that is not UTF-8":     aPod(t, set("\xff\xfe", "metadata", "name")),
		"a deep object":                aPod(t, set(deep(500), "spec", "futureField")),
		"a number beyond all integers": aPod(t, set(1e300, "spec", "futureField")),
	}
	for _, config := range []string{"onError: deny", "onError: allow"} {
		server := serveConfig(t, config)
		for name, pod := range tests {
			t.Run(name+", "+config, func(t *testing.T) {
				response := server.admit(t, ScopeNamespace, pod)
				reason := response.AuditAnnotations["reason"]
				if reason == string(reasonInternalError) || reason == string(reasonTemplateError) {
					t.Errorf("reason %q, want the pod to be blamed: %+v", reason, response)
				}
				if response.Result != nil && strings.ContainsAny(response.Result.Message, "\n\x00") {
					t.Errorf("message %q", response.Result.Message)
				}
				applied(t, pod, response.Patch)
			})
		}
	}
}

func deep(levels int) any {
	var value any = "bottom"
	for range levels {
		value = map[string]any{"x": []any{value}}
	}
	return value
}
