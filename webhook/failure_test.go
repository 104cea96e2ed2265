package webhook

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// panicking is a Namespaces that panics: the one part of a request that is not this package's own code.
type panicking struct{}

func (panicking) Namespace(string) *metav1.ObjectMeta { panic("no such luck") }

// TestHandlerOnError fails injections in each way, once with onError deny and once with allow.
func TestHandlerOnError(t *testing.T) {
	const failing = "templates: {bad: \"metadata:\\n  labels:\\n    a: {{ fail `out of order` }}\", broken: '{{'}\n"
	tests := map[string]struct {
		config     string
		namespaces Namespaces
		pod        []tweak
		code       int32
		reason     Reason
		message    string
	}{
		"a template that fails": {failing + "defaultTemplates: [bad]", nil, nil,
			http.StatusInternalServerError, reasonTemplateError, "template \"bad\" line 3 {{fail `out of order`}}: "},
		"a template that renders no pod": {"templates: {bad: 'spec: {containers: x}'}\ndefaultTemplates: [bad]", nil, nil,
			http.StatusInternalServerError, reasonTemplateError, `template "bad" line 1: spec.containers: is a string, want a list`},
		"a bad annotation that a template reads": {"", nil, []tweak{annotation("traffic.sidecar.istio.io/excludeOutboundPorts", "80,http")},
			http.StatusBadRequest, reasonInvalidInput, `annotation "traffic.sidecar.istio.io/excludeOutboundPorts": "http" is not a port`},
		"a bad annotation that the engine reads": {"", nil, []tweak{annotation("sidecar.istio.io/nativeSidecar", "yes")},
			http.StatusBadRequest, reasonInvalidInput, `annotation "sidecar.istio.io/nativeSidecar": "yes" is not allowed, want "true" or "false"`},
		"a template that does not exist": {"", nil, []tweak{annotation("inject.istio.io/templates", "nope")},
			http.StatusBadRequest, reasonInvalidInput, `annotation "inject.istio.io/templates": template "nope" does not exist: there are envoy`},
		"a template in quarantine": {failing, nil, []tweak{annotation("inject.istio.io/templates", "broken")},
			http.StatusBadRequest, reasonInvalidInput, `template "broken" did not load`},
		"a bad annotation that is the namespace's": {"", namespaces{"shop": {Name: "shop", Annotations: map[string]string{"sidecar.istio.io/logLevel": "loud"}}}, nil,
			http.StatusBadRequest, reasonInvalidInput, `annotation "sidecar.istio.io/logLevel": "loud" is not allowed`},
		"a pod that cannot be merged": {"", nil, []tweak{set([]any{map[string]any{"image": "nginx"}}, "spec", "initContainers")},
			http.StatusBadRequest, reasonInvalidInput, "name"},
		"a pod with a merge directive": {"", nil, []tweak{inFirstContainer("$patch", "delete")},
			http.StatusBadRequest, reasonInvalidInput, "$patch"},
		"a pod that does not decode": {"", nil, []tweak{set("x", "spec")},
			http.StatusBadRequest, reasonBadRequest, "decode pod: spec: got a string, want an object"},
		"a panic": {"", panicking{}, nil,
			http.StatusInternalServerError, reasonInternalError, "panic: no such luck"},
	}
	for name, test := range tests {
		t.Run(name+", deny", func(t *testing.T) {
			server := serve(t, Options{Config: parsed(t, test.config, ""), Namespaces: test.namespaces})
			response := server.admit(t, ScopeNamespace, aPod(t, test.pod...))
			result := response.Result
			if response.Allowed || result.Code != test.code || !strings.Contains(result.Message, test.message) || strings.Contains(result.Message, "\n") {
				t.Errorf("allowed %v, code %d, message %q, want a refusal with %d and %q", response.Allowed, result.Code, result.Message, test.code, test.message)
			}
			wantWarning(t, response, "")
			wantAudit(t, response, "error", string(test.reason), "")
		})
		t.Run(name+", allow", func(t *testing.T) {
			server := serve(t, Options{Config: parsed(t, "onError: allow\n"+test.config, ""), Namespaces: test.namespaces})
			response := server.admit(t, ScopeNamespace, aPod(t, test.pod...))
			if !response.Allowed || response.Result.Code != http.StatusOK || response.Patch != nil {
				t.Errorf("allowed %v, status %v, patch %s, want the pod as it is", response.Allowed, response.Result, response.Patch)
			}
			wantWarning(t, response, "the pod is created without a sidecar: ")
			wantWarning(t, response, test.message)
			wantAudit(t, response, "error", string(test.reason), "")
		})
	}
}

func TestHandlerFailureDoesNotConcernPodsThatAreSkipped(t *testing.T) {
	server := serve(t, Options{Config: parsed(t, "templates: {envoy: '{{ fail `x` }}'}", ""), Namespaces: panicking{}})
	_, response := server.admitted(t, ScopeNamespace, aPod(t, annotateInject("false")))
	wantAudit(t, response, "skip", "opted_out_by_annotation", "")
}

func TestHandlerWarnsOfBothValueAndFailure(t *testing.T) {
	server := serveConfig(t, "onError: allow\ntemplates: {envoy: '{{ fail `x` }}'}")
	response := server.admit(t, ScopeNamespace, aPod(t, annotateInject("yes")))
	if len(response.Warnings) != 2 {
		t.Errorf("warnings %q, want two", response.Warnings)
	}
}

func TestHandlerBeforeThereIsAConfiguration(t *testing.T) {
	server := serve(t, Options{})
	if server.handler.Config() != nil {
		t.Error("a configuration before one is set")
	}
	for name, pod := range map[string][]tweak{"a pod that asked": {annotateInject("true")}, "a pod that did not": nil} {
		response := server.admit(t, ScopeNamespace, aPod(t, pod...))
		if response.Allowed || response.Result.Code != http.StatusServiceUnavailable || response.Result.Message != "no configuration is loaded yet" {
			t.Errorf("%s: allowed %v, %v", name, response.Allowed, response.Result)
		}
		wantAudit(t, response, "error", "no_configuration", "")
	}
	config := parsed(t, "", "")
	server.handler.SetConfig(config)
	if server.handler.Config() != config {
		t.Error("Config does not return what SetConfig got")
	}
	_, response := server.admitted(t, ScopeNamespace, aPod(t))
	wantAudit(t, response, "inject", "namespace_opted_in", "envoy")
}

// TestHandlerWithoutHTTP calls the handler as a program does that has no server: nothing has decoded the review.
func TestHandlerWithoutHTTP(t *testing.T) {
	handler := serveConfig(t, "").handler.For(ScopeNamespace, nil)
	for name, raw := range map[string]string{"nothing": "", "null": "null", "no JSON": "{", "text after the pod": minimalPod + "x"} {
		t.Run(name, func(t *testing.T) {
			request := requestWith(t, nil)
			request.Object.Raw = []byte(raw)
			response := handler.Handle(t.Context(), request)
			wantBadRequest(t, &response.AdmissionResponse, "decode pod: ")
		})
	}
}

// requestWith returns an admission request for a pod, decoded.
func requestWith(t testing.TB, pod any) admission.Request {
	t.Helper()
	var review admissionv1.AdmissionReview
	decodeInto(t, reviewOf(t, pod), &review)
	return admission.Request{AdmissionRequest: *review.Request}
}

// TestHandlerSetConfigWhileServing changes the configuration while requests run: each is answered from one
// configuration as a whole.
func TestHandlerSetConfigWhileServing(t *testing.T) {
	const team = "templates: {%[1]s: 'metadata: {labels: {team: %[1]s}}'}\ndefaultTemplates: [%[1]s]"
	red, blue := parsed(t, fmt.Sprintf(team, "red"), ""), parsed(t, fmt.Sprintf(team, "blue"), "")
	server := serve(t, Options{Config: red})
	pod, request := aPod(t), requestWith(t, aPod(t))
	stop := make(chan struct{})
	var setters, senders sync.WaitGroup
	setters.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				server.handler.SetConfig(blue)
				server.handler.SetConfig(red)
			}
		}
	})
	check := func(response *admissionv1.AdmissionResponse) {
		named := response.AuditAnnotations["templates"]
		if labels := at(applied(t, pod, response.Patch), "metadata.labels").(map[string]any); labels["team"] != named {
			t.Errorf("templates %q gave the labels %v", named, labels)
		}
	}
	for range 4 {
		senders.Go(func() {
			for range 50 {
				check(server.admit(t, ScopeNamespace, pod))
				response := server.handler.For(ScopeNamespace, nil).Handle(t.Context(), request)
				if err := response.Complete(request); err != nil {
					t.Error(err)
				}
				check(&response.AdmissionResponse)
			}
		})
	}
	senders.Wait()
	close(stop)
	setters.Wait()
}

// TestHandlerManyRequestsShareOneConfiguration runs different pods at once through the one engine, which keeps
// overlays between requests (for the race detector), and each twice.
func TestHandlerManyRequestsShareOneConfiguration(t *testing.T) {
	server := serveConfig(t, "")
	pods := []map[string]any{
		aPod(t), examplePod(t), aPod(t, container("initContainers", "migrate")), aPod(t, annotation("sidecar.istio.io/nativeSidecar", "false")),
		aPod(t, container("containers", "sidecar-proxy")), aPod(t, annotation("sidecar.istio.io/proxyCPU", "1")),
	}
	var senders sync.WaitGroup
	for _, pod := range pods {
		for range 2 {
			senders.Go(func() {
				for range 10 {
					server.admitted(t, ScopeNamespace, pod)
				}
			})
		}
	}
	senders.Wait()
}

// TestHandlerLogs asserts one line a request, an error only where there was one, and nothing of the pod's body.
func TestHandlerLogs(t *testing.T) {
	const secret = "hunter2"
	tests := map[string]struct {
		pod  []tweak
		want []string
	}{
		"injected": {nil, []string{`"msg"="Admission answered"`, `"outcome"="inject"`, `"reason"="namespace_opted_in"`, `"namespace"="shop"`, `"uid"="0f7a8f1c-1111-4222-8333-444455556666"`}},
		"skipped":  {[]tweak{annotateInject("false")}, []string{`"msg"="Admission answered"`, `"outcome"="skip"`}},
		"failed":   {[]tweak{annotation("sidecar.istio.io/proxyCPU", "much")}, []string{`"msg"="Injection failed"`, `"outcome"="error"`, `"error"=`}},
	}
	handler := serveConfig(t, "").handler.For(ScopeNamespace, nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var lines []string
			logger := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{Verbosity: 10})
			pod := aPod(t, append(test.pod, inFirstContainer("env", []any{map[string]any{"name": "PASSWORD", "value": secret}}))...)
			handler.Handle(log.IntoContext(context.Background(), logger), requestWith(t, pod))
			if len(lines) != 1 {
				t.Fatalf("%d lines, want one: %q", len(lines), lines)
			}
			for _, part := range test.want {
				if !strings.Contains(lines[0], part) {
					t.Errorf("line %s has no %s", lines[0], part)
				}
			}
			if strings.Contains(lines[0], secret) {
				t.Errorf("the line has something of the pod's body: %s", lines[0])
			}
		})
	}
}

// TestHandlerLogsOfAnError: the line of an error says which workload it is about, once each, and of a panic where it was.
func TestHandlerLogsOfAnError(t *testing.T) {
	var lines []string
	logger := funcr.NewJSON(func(line string) { lines = append(lines, line) }, funcr.Options{})
	handler, err := New(Options{Config: parsed(t, "", ""), Namespaces: panicking{}})
	if err != nil {
		t.Fatal(err)
	}
	pod := aPod(t, set("web-5d4f8-", "metadata", "generateName"), annotation("sidecar.istio.io/logLevel", "loud"),
		set([]any{map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f8", "uid": "1", "controller": true}}, "metadata", "ownerReferences"))
	ctx := log.IntoContext(context.Background(), logger)
	handler.For(ScopeNamespace, nil).Handle(ctx, requestWith(t, pod))
	handler.namespaces = nil
	handler.For(ScopeNamespace, nil).Handle(ctx, requestWith(t, pod))
	if len(lines) != 2 {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for _, part := range []string{`"stack":"goroutine `, "no such luck", `"reason":"internal_error"`} {
		if !strings.Contains(lines[0], part) {
			t.Errorf("the panic's line has no %s: %s", part, lines[0])
		}
	}
	for _, part := range []string{`"generateName":"web-5d4f8-"`, `"owner":"ReplicaSet/web-5d4f8"`, `"reason":"invalid_input"`, `"namespace":"shop"`} {
		if strings.Count(lines[1], part) != 1 {
			t.Errorf("the error's line has not %s once: %s", part, lines[1])
		}
	}
	for _, key := range []string{`"namespace":`, `"name":`, `"uid":`} {
		if strings.Count(lines[1], key) != 1 {
			t.Errorf("%s is not there once: %s", key, lines[1])
		}
	}
}
