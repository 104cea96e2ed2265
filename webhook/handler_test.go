package webhook

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// labelOnly is a configuration whose patch is small enough to be written down.
const labelOnly = "templates: {team: 'metadata: {labels: {team: shop}}'}\ndefaultTemplates: [team]"

// TestHandlerWire asserts answers as they stand on the wire, but for the patch, which is decoded from base64.
func TestHandlerWire(t *testing.T) {
	tests := map[string]struct {
		scope Scope
		pod   []tweak
		want  string
	}{
		"injected": {ScopePod, []tweak{annotateInject("true")}, `{
			"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
			"response": {
				"uid": "0f7a8f1c-1111-4222-8333-444455556666", "allowed": true, "status": {"metadata": {}, "code": 200},
				"patch": [
					{"op": "add", "path": "/metadata/annotations/sidecar-injector.github.io~1status", "value": "{\"revision\":\"default\",\"templates\":[\"team\"],\"hash\":\"846b692ff49e\",\"containers\":{},\"pod\":\"lUqT+w==\"}"},
					{"op": "add", "path": "/metadata/labels", "value": {"team": "shop"}}
				],
				"patchType": "JSONPatch",
				"auditAnnotations": {"decision": "inject", "reason": "asked_by_annotation", "templates": "team"}
			}}`},
		"skipped": {ScopePod, nil, `{
			"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
			"response": {
				"uid": "0f7a8f1c-1111-4222-8333-444455556666", "allowed": true, "status": {"metadata": {}, "code": 200},
				"auditAnnotations": {"decision": "skip", "reason": "not_requested"}
			}}`},
		"skipped with a warning": {ScopePod, []tweak{annotateInject("yes")}, `{
			"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
			"response": {
				"uid": "0f7a8f1c-1111-4222-8333-444455556666", "allowed": true, "status": {"metadata": {}, "code": 200},
				"auditAnnotations": {"decision": "skip", "reason": "invalid_value"},
				"warnings": ["sidecar-injector: the pod's annotation sidecar.istio.io/inject is \"yes\", want \"true\" or \"false\": the pod is not injected"]
			}}`},
		"refused": {ScopePod, []tweak{annotateInject("true"), annotation("sidecar.istio.io/nativeSidecar", "no")}, `{
			"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
			"response": {
				"uid": "0f7a8f1c-1111-4222-8333-444455556666", "allowed": false,
				"status": {"metadata": {}, "code": 400, "message": "annotation \"sidecar.istio.io/nativeSidecar\": \"no\" is not allowed, want \"true\" or \"false\""},
				"auditAnnotations": {"decision": "error", "reason": "invalid_input"}
			}}`},
	}
	server := serveConfig(t, labelOnly)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer := decode(t, server.post(t, test.scope, "application/json", reviewOf(t, aPod(t, test.pod...))))
			decodePatch(t, answer)
			if diff := cmp.Diff(decode(t, []byte(test.want)), answer); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func decodePatch(t *testing.T, review map[string]any) {
	t.Helper()
	response := review["response"].(map[string]any)
	encoded, ok := response["patch"].(string)
	if !ok {
		return
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	var patch any
	if err := json.Unmarshal(raw, &patch); err != nil {
		t.Fatal(err)
	}
	response["patch"] = patch
}

func TestHandlerScopeSaysWhetherTheNamespaceOptedIn(t *testing.T) {
	server := serveConfig(t, "")
	pod := aPod(t)
	if _, response := server.admitted(t, ScopeNamespace, pod); response.Patch == nil {
		t.Error("not injected on the namespace's path")
	}
	if _, response := server.admitted(t, ScopePod, pod); response.Patch != nil {
		t.Error("injected on the pod's path")
	}
}

// TestHandlerInjects looks at what comes out; how templates are merged is tested where that is done.
func TestHandlerInjects(t *testing.T) {
	tests := map[string]struct {
		pod        []tweak
		audit      string
		init, main []string
	}{
		"a minimal pod":             {nil, "envoy", []string{"sidecar-init", "sidecar-proxy"}, []string{"myapp"}},
		"a classic sidecar":         {[]tweak{annotation("sidecar.istio.io/nativeSidecar", "false")}, "envoy", []string{"sidecar-init"}, []string{"sidecar-proxy", "myapp"}},
		"without capture":           {[]tweak{annotation("sidecar.istio.io/interceptionMode", "NONE")}, "envoy", []string{"sidecar-proxy"}, []string{"myapp"}},
		"its own init container":    {[]tweak{container("initContainers", "migrate")}, "envoy", []string{"sidecar-init", "sidecar-proxy", "migrate"}, []string{"myapp"}},
		"no name yet":               {[]tweak{set(nil, "metadata", "name"), set("myapp-", "metadata", "generateName")}, "envoy", []string{"sidecar-init", "sidecar-proxy"}, []string{"myapp"}},
		"nulls as older clients do": {[]tweak{set(nil, "metadata", "creationTimestamp"), set(map[string]any{}, "status"), inFirstContainer("resources", map[string]any{})}, "envoy", []string{"sidecar-init", "sidecar-proxy"}, []string{"myapp"}},
		"two templates":             {[]tweak{annotation("inject.istio.io/templates", "envoy,team")}, "envoy,team", []string{"sidecar-init", "sidecar-proxy"}, []string{"myapp"}},
		"a forged status": {[]tweak{annotation(statusKey, `{"templates":["envoy"],"containers":{"myapp":"AAAAAA=="}}`)}, "envoy",
			[]string{"sidecar-init", "sidecar-proxy"}, []string{"myapp"}},
	}
	server := serveConfig(t, "templates: {team: 'metadata: {labels: {team: shop}}'}")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod, response := server.admitted(t, ScopeNamespace, aPod(t, test.pod...))
			if diff := cmp.Diff([][]string{test.init, test.main}, [][]string{containerNames(pod, "initContainers"), containerNames(pod, "containers")}); diff != "" {
				t.Errorf("init containers, containers (-want +got):\n%s", diff)
			}
			wantAudit(t, response, "inject", "namespace_opted_in", test.audit)
			if len(response.Warnings) > 0 {
				t.Errorf("warnings %q", response.Warnings)
			}
		})
	}
}

func TestHandlerInjectsTheExample(t *testing.T) {
	pod, response := serveConfig(t, "").admitted(t, ScopePod, examplePod(t))
	if diff := cmp.Diff([]string{"sidecar-init", "sidecar-proxy"}, containerNames(pod, "initContainers")); diff != "" {
		t.Errorf("init containers (-want +got):\n%s", diff)
	}
	wantAudit(t, response, "inject", "asked_by_annotation", "envoy")
}

// TestHandlerWarnings lists, for a whole handler, who is warned and who is left in peace.
func TestHandlerWarnings(t *testing.T) {
	tests := map[string]struct {
		scope Scope
		pod   []tweak
		want  string // part of the one warning; empty for none
	}{
		"injected as asked":              {ScopePod, []tweak{annotateInject("true")}, ""},
		"opted out":                      {ScopeNamespace, []tweak{annotateInject("false")}, ""},
		"injected by another":            {ScopeNamespace, istioInjected, ""},
		"host network, did not ask":      {ScopeNamespace, []tweak{hostNetwork}, ""},
		"host network, asked":            {ScopePod, []tweak{hostNetwork, annotateInject("true")}, "uses the host's network"},
		"Windows, asked":                 {ScopePod, []tweak{windowsByNode, annotateInject("true")}, "runs on Windows"},
		"invalid value, injected anyway": {ScopeNamespace, []tweak{annotateInject("yes")}, "is injected because its namespace opted in"},
		"invalid value, not injected":    {ScopePod, []tweak{labelInject("yes")}, "is not injected"},
		"runs as the proxy": {ScopePod, []tweak{annotateInject("true"), set(int64(1337), "spec", "securityContext", "runAsUser")},
			`the container "myapp" has runAsUser 1337, which is the proxy's user`},
		"has a port of the proxy": {ScopePod, []tweak{annotateInject("true"), inFirstContainer("ports", []any{map[string]any{"containerPort": int64(15006)}})},
			`the container "myapp" has the port 15006, which is the proxy's`},
		"is to end, and its sidecar is not": {ScopePod, []tweak{annotateInject("true"), annotation("sidecar.istio.io/nativeSidecar", "false"), set("Never", "spec", "restartPolicy")},
			"the pod has restartPolicy Never, and does not end as long as the injected container \"sidecar-proxy\" runs"},
	}
	server := serveConfig(t, "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, response := server.admitted(t, test.scope, aPod(t, test.pod...))
			wantWarning(t, response, test.want)
		})
	}
}

// wantWarning wants one warning with that part, on one line and with our name in front; or none.
func wantWarning(t *testing.T, response *admissionv1.AdmissionResponse, part string) {
	t.Helper()
	if part == "" {
		if len(response.Warnings) > 0 {
			t.Errorf("warnings %q, want none", response.Warnings)
		}
		return
	}
	if len(response.Warnings) != 1 || !strings.Contains(response.Warnings[0], part) || !strings.HasPrefix(response.Warnings[0], "sidecar-injector: ") || strings.Contains(response.Warnings[0], "\n") {
		t.Errorf("warnings %q, want one with %q", response.Warnings, part)
	}
}

func TestHandlerDryRunIsAnsweredAlike(t *testing.T) {
	server := serveConfig(t, "")
	for name, pod := range map[string][]tweak{
		"inject": {annotateInject("true")},
		"skip":   {annotateInject("yes")},
		"error":  {annotateInject("true"), annotation("sidecar.istio.io/proxyCPU", "much")},
	} {
		t.Run(name, func(t *testing.T) {
			dryRun := func(r *admissionv1.AdmissionRequest) { yes := true; r.DryRun = &yes }
			real, dry := server.admit(t, ScopePod, aPod(t, pod...)), server.admit(t, ScopePod, aPod(t, pod...), dryRun)
			if diff := cmp.Diff(real, dry); diff != "" {
				t.Errorf("response (-real +dry run):\n%s", diff)
			}
		})
	}
}

// TestHandlerKeepsUnknownFields sends fields that this program's Pod type does not have.
func TestHandlerKeepsUnknownFields(t *testing.T) {
	future := map[string]any{"big": int64(9007199254740993), "null": nil, "list": []any{map[string]any{"a": 1.5}, "x"}}
	pod := aPod(t, annotateInject("true"),
		set(future, "spec", "futureField"), set("x", "metadata", "futureField"), set(future, "futurePart"),
		inFirstContainer("futureField", future), inFirstContainer("resources", map[string]any{"futureField": true}))
	injected, response := serveConfig(t, "").admitted(t, ScopePod, pod)
	for _, operation := range patchOf(t, response) {
		if path := operation["path"].(string); strings.Contains(path, "future") || operation["op"] != "add" || strings.HasPrefix(path, "/spec/containers") {
			t.Errorf("the patch has %v, want additions beside what was there", operation)
		}
	}
	for _, path := range []string{"futurePart", "spec.futureField", "metadata.futureField"} {
		if diff := cmp.Diff(at(pod, path), at(injected, path)); diff != "" {
			t.Errorf("%s (-sent +stored):\n%s", path, diff)
		}
	}
	if diff := cmp.Diff(at(pod, "spec.containers"), at(injected, "spec.containers")); diff != "" {
		t.Errorf("containers (-sent +stored):\n%s", diff)
	}
}

func patchOf(t *testing.T, response *admissionv1.AdmissionResponse) []map[string]any {
	t.Helper()
	var operations []map[string]any
	if err := json.Unmarshal(response.Patch, &operations); err != nil {
		t.Fatal(err)
	}
	return operations
}

func at(object map[string]any, path string) any {
	first, rest, more := strings.Cut(path, ".")
	if !more {
		return object[first]
	}
	return at(object[first].(map[string]any), rest)
}

// namespaces is a Namespaces of a fixed set.
type namespaces map[string]*metav1.ObjectMeta

func (n namespaces) Namespace(name string) *metav1.ObjectMeta { return n[name] }

func TestHandlerInheritsNamespaceAnnotations(t *testing.T) {
	const image = "sidecar.istio.io/proxyImage"
	shop := &metav1.ObjectMeta{Name: "shop", Annotations: map[string]string{image: "example.com/proxy:shop", injectKey: "false", "team": "shop"}}
	config := parsed(t, "", "")
	profileImage := at(config.Engine().Profile().Values, "proxy.image").(string)
	tests := map[string]struct {
		known namespaces
		pod   []tweak
		want  string
	}{
		"the namespace's annotation":         {namespaces{"shop": shop}, nil, "example.com/proxy:shop"},
		"the pod's own comes first":          {namespaces{"shop": shop}, []tweak{annotation(image, "example.com/proxy:pod")}, "example.com/proxy:pod"},
		"nothing is known of the namespace":  {namespaces{}, nil, profileImage},
		"another namespace's does not count": {namespaces{"other": shop}, nil, profileImage},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := serve(t, Options{Config: config, Namespaces: test.known})
			pod, _ := server.admitted(t, ScopeNamespace, aPod(t, test.pod...))
			proxy := at(pod, "spec.initContainers").([]any)[1].(map[string]any)
			if proxy["image"] != test.want {
				t.Errorf("proxy image %v, want %v", proxy["image"], test.want)
			}
			if at(pod, "metadata.annotations").(map[string]any)["team"] != nil {
				t.Error("the pod has an annotation that is the namespace's own")
			}
		})
	}
	if diff := cmp.Diff(map[string]string{image: "example.com/proxy:shop", injectKey: "false", "team": "shop"}, shop.Annotations); diff != "" {
		t.Errorf("the namespace was changed (-before +after):\n%s", diff)
	}
}
