package webhook

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// fullPod has something of each kind at each level of what injection reads and writes.
const fullPod = `{"apiVersion": "v1", "kind": "Pod",
	"metadata": {"name": "a", "generateName": "a-", "namespace": "shop", "creationTimestamp": null, "deletionGracePeriodSeconds": 1, "finalizers": ["x"],
		"labels": {"app": "a", "version": "v1"}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "o", "uid": "u", "controller": true}],
		"managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "time": "2024-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {}}}],
		"annotations": {"sidecar.istio.io/inject": "true", "sidecar.istio.io/nativeSidecar": %q, "sidecar.istio.io/proxyCPU": "100m", "sidecar.istio.io/logLevel": "info",
			"traffic.sidecar.istio.io/excludeInboundPorts": "80", "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.0.0.0/8", "inject.istio.io/templates": "envoy",
			"sidecar-injector.github.io/requestTimeout": "5s", "sidecar.istio.io/proxyImage": "i"}},
	"spec": {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "hostNetwork": false, "nodeName": "n", "nodeSelector": {"kubernetes.io/os": "linux"}, "os": {"name": "linux"},
		"serviceAccountName": "s", "automountServiceAccountToken": true, "shareProcessNamespace": false, "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}},
		"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "w", "projected": {"sources": [{"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}]}}],
		"imagePullSecrets": [{"name": "s"}], "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["h"]}], "tolerations": [{"key": "k", "tolerationSeconds": 1}],
		"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]}}},
		"securityContext": {"runAsUser": 1, "runAsNonRoot": true, "fsGroup": 1, "supplementalGroups": [1], "sysctls": [{"name": "n", "value": "v"}], "seccompProfile": {"type": "RuntimeDefault"}},
		"initContainers": [{"name": "first", "image": "i", "restartPolicy": "Always"}, {"name": "sidecar-init", "image": "auto", "env": [{"name": "e", "value": "x"}]}],
		"containers": [{"name": "app", "image": "i", "args": ["a"], "command": ["c"], "env": [{"name": "e", "value": "x"}, {"name": "f", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
			"envFrom": [{"prefix": "p", "configMapRef": {"name": "c", "optional": true}}], "ports": [{"name": "http", "containerPort": 80, "hostPort": 8080, "protocol": "TCP", "hostIP": "10.0.0.1"}],
			"volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": true}], "volumeDevices": [{"name": "d", "devicePath": "/d"}],
			"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1"}, "claims": [{"name": "c"}]}, "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
			"securityContext": {"privileged": false, "runAsUser": 1, "capabilities": {"add": ["A"], "drop": ["B"]}},
			"livenessProbe": {"httpGet": {"port": 80, "path": "/", "httpHeaders": [{"name": "n", "value": "v"}]}, "periodSeconds": 5}, "readinessProbe": {"tcpSocket": {"port": "http"}}, "startupProbe": {"exec": {"command": ["c"]}},
			"lifecycle": {"preStop": {"exec": {"command": ["c"]}}, "postStart": {"sleep": {"seconds": 1}}}},
			{"name": "sidecar-proxy", "image": "auto", "ports": [{"containerPort": 1}], "volumeMounts": [{"name": "v", "mountPath": "/v"}], "resources": {"requests": {"cpu": "10m"}}, "securityContext": {"runAsUser": 1337}}]}}`

// replacing calls do for each place in a value, with each replacement in turn; the value is as it was afterwards.
func replacing(path string, value any, replacements []any, do func(where string)) {
	try := func(where string, set func(any), was any) {
		for _, replacement := range replacements {
			set(replacement)
			do(fmt.Sprintf("%s = %.40v", where, replacement))
		}
		set(was)
		replacing(where, was, replacements, do)
	}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			try(path+"."+key, func(to any) { value[key] = to }, value[key])
		}
	case []any:
		for i := range value {
			try(fmt.Sprintf("%s[%d]", path, i), func(to any) { value[i] = to }, value[i])
		}
	}
}

// long is a value that nobody wants to read whole, tooMuch what no message may have of it.
var (
	long    = strings.Repeat("x", 2_000)
	tooMuch = regexp.MustCompile(`x{201}`)
)

// wrongValues are of each type, null and what holds null.
var wrongValues = []any{nil, "\x00", []any{nil}, map[string]any{"a": nil}}

// longValues are those of which a message has the beginning alone.
var longValues = []any{long, map[string]any{long: long}, strings.Repeat("x ", 2_000)}

// hostile returns the full pod, as its author writes it and as it comes out.
func hostile(t *testing.T, config *Config, native string) []map[string]any {
	t.Helper()
	author := decode(t, fmt.Appendf(nil, fullPod, native))
	injected := injectedWith(t, config, decode(t, encode(t, author)))
	return []map[string]any{author, decode(t, encode(t, injected))} // the injected one shares values with later answers
}

// TestHandlerSurvivesWrongValuesEverywhere puts each wrong value into each place of a pod. Whatever the answer, it is no
// internal error, it does not blame the template, and what is injected is injected again to the same.
func TestHandlerSurvivesWrongValuesEverywhere(t *testing.T) {
	for _, native := range []string{"true", "false"} {
		config := parsed(t, "podPolicy: {privilegedContainers: open}", "")
		answers := newAnswers(t, config)
		for i, pod := range hostile(t, config, native) {
			values := wrongValues
			if i > 0 || native == "false" { // most places are those of the first
				values = []any{nil}
			}
			replacing("", pod, values, func(where string) {
				raw := encode(t, pod)
				response := answers.to(t, where, raw)
				templates.Remove(decode(t, raw), statusKey)
				if response.AuditAnnotations["decision"] != string(outcomeInject) {
					return
				}
				result := encode(t, applied(t, decode(t, raw), response.Patch))
				if again := answers.to(t, where, result); !again.Allowed || len(again.Patch) > 0 {
					t.Errorf("%s: injected again: %+v %.300s", where, again.Result, again.Patch)
				}
				templates.Remove(decode(t, result), statusKey)
			})
		}
		if answers.injected < 100 || answers.refused < 50 {
			t.Errorf("%d injected, %d refused: the pods do not show much", answers.injected, answers.refused)
		}
	}
}

// TestHandlerCutsLongValues puts long values into each place of a pod, and lets pods in that are not injected.
func TestHandlerCutsLongValues(t *testing.T) {
	for _, onError := range []string{"deny", "allow"} {
		config := parsed(t, "podPolicy: {privilegedContainers: open}\nonError: "+onError, "")
		answers := newAnswers(t, config)
		pod := hostile(t, config, "true")[0]
		values := longValues
		if onError == "allow" {
			values = values[:1]
		}
		replacing("", pod, values, func(where string) { answers.to(t, where, encode(t, pod)) })
		if answers.refused < 100 {
			t.Errorf("%d refused: the pods do not show much", answers.refused)
		}
	}
}

// answers are those of a handler, counted.
type answers struct {
	handler           admission.Handler
	injected, refused int
}

func newAnswers(t *testing.T, config *Config) *answers {
	t.Helper()
	handler, err := New(Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return &answers{handler: handler.For(ScopeNamespace, nil)}
}

func (a *answers) to(t *testing.T, where string, raw []byte) *admissionv1.AdmissionResponse {
	t.Helper()
	response := a.handler.Handle(t.Context(), creationOf(raw))
	checkAnswer(t, where, &response.AdmissionResponse)
	if response.AuditAnnotations["decision"] == string(outcomeInject) {
		a.injected++
	} else {
		a.refused++
	}
	return &response.AdmissionResponse
}

// creationOf returns the request for a pod's creation.
func creationOf(raw []byte) admission.Request {
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		UID: "u", Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Namespace: "shop", Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: raw},
	}}
}

func checkAnswer(t *testing.T, where string, response *admissionv1.AdmissionResponse) {
	t.Helper()
	if reason := response.AuditAnnotations["reason"]; reason == string(reasonInternalError) || reason == string(reasonTemplateError) {
		t.Errorf("%s: reason %s: %+v %.300q", where, reason, response.Result, response.Warnings)
	}
	texts := slices.Concat(response.Warnings, slices.Collect(maps.Values(response.AuditAnnotations)))
	if response.Result != nil {
		texts = append(texts, response.Result.Message)
	}
	for _, text := range texts {
		if tooMuch.MatchString(text) || len(text) > 2500 || strings.ContainsAny(text, "\n\x00") {
			t.Errorf("%s: %d bytes: %.600q", where, len(text), text)
		}
	}
}
