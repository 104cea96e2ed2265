package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// fuzzed serves both scopes without a network between.
func fuzzed(f *testing.F) http.Handler {
	f.Helper()
	handler, err := New(Options{Config: parsed(f, "", "")})
	if err != nil {
		f.Fatal(err)
	}
	paths := mux{http.NewServeMux()}
	handler.Register(paths)
	return paths
}

func posted(handler http.Handler, scope Scope, body []byte) []byte {
	request := httptest.NewRequest(http.MethodPost, scope.Path(), bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Body.Bytes()
}

// FuzzReview sends any body. The answer is a review, with the request's UID if there was a request; a refusal has a code,
// and its reason is one line.
func FuzzReview(f *testing.F) {
	f.Add(reviewOf(f, aPod(f)))
	f.Add(reviewOf(f, aPod(f, annotateInject("true"))))
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1"}}`))
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null,"response":{"uid":"1","allowed":true}}`))
	handler := fuzzed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, scope := range []Scope{ScopeNamespace, ScopePod} {
			answerTo(t, handler, scope, body)
		}
	})
}

// answerTo returns the answer to a body, checked.
func answerTo(t *testing.T, handler http.Handler, scope Scope, body []byte) *admissionv1.AdmissionResponse {
	t.Helper()
	var review admissionv1.AdmissionReview
	answer := posted(handler, scope, body)
	if err := json.Unmarshal(answer, &review); err != nil || review.Response == nil {
		t.Fatalf("the answer is no review (%v): %q", err, answer)
	}
	if response := review.Response; !response.Allowed {
		if result := response.Result; result == nil || result.Code < 400 || result.Message == "" || strings.ContainsAny(result.Message, "\n\r") {
			t.Fatalf("refused with %+v, want a code and one line", result)
		}
		if response.Patch != nil {
			t.Fatalf("refused with a patch: %s", response.Patch)
		}
	}
	return review.Response
}

// FuzzPod sends a review of any object. What is patched is a pod that is patched no more: injected twice is injected once.
func FuzzPod(f *testing.F) {
	for _, pod := range []map[string]any{
		aPod(f), aPod(f, annotateInject("true")), aPod(f, labelInject("true"), container("initContainers", "init")),
		aPod(f, annotateInject("true"), container("containers", "sidecar-proxy"), container("initContainers", "sidecar-init")),
		aPod(f, annotateInject("true"), inFirstContainer("livenessProbe", map[string]any{"tcpSocket": map[string]any{"port": int64(80)}})),
		aPod(f, annotateInject("true"), inFirstContainer("env", []any{map[string]any{"name": "A", "value": "a"}, nil})),
		aPod(f, annotateInject("true"), set(nil, "spec", "volumes"), set(nil, "metadata", "labels")),
	} {
		f.Add(encode(f, pod))
	}
	handler := fuzzed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var pod map[string]any
		if utiljson.Unmarshal(raw, &pod) != nil || pod == nil || !utf8.Valid(raw) {
			return
		}
		response := answerTo(t, handler, ScopePod, reviewOf(t, pod))
		if response.Patch == nil || len(typed(t, pod).Spec.Containers) == 0 { // which is no pod for the API server
			return
		}
		patch, err := jsonpatch.DecodePatch(response.Patch)
		if err != nil {
			t.Fatalf("the patch is none: %v\n%s", err, response.Patch)
		}
		injected, err := patch.Apply(encode(t, pod))
		if err != nil {
			t.Fatalf("the patch cannot be applied: %v\npod %s\npatch %s", err, raw, response.Patch)
		}
		again := answerTo(t, handler, ScopePod, reviewOf(t, decode(t, injected)))
		if !again.Allowed || again.Patch != nil {
			t.Fatalf("injected again: allowed %v, %+v, patch %s\npod %s", again.Allowed, again.Result, again.Patch, raw)
		}
	})
}

// costlySize is how many bytes the pods of FuzzCost have, and costlyFactor how many times as long as the median one of them one
// may take: 2,500 containers of a name alone, each of which the profile's template looks at, take 25 times as long.
const (
	costlySize   = 64 << 10
	costlyFactor = 40
)

// places are those of a pod that FuzzCost fills with repetitions: where the @ stands. fragment is what there usually is, %d in
// it the number of the repetition.
var places = []struct{ name, metadata, spec, fragment string }{
	{"containers", "", `"containers":[@{"name":"app","image":"app"}]`, `{"name":"c%d","image":"a"}`},
	{"init containers", "", `"initContainers":[@{"name":"i","image":"i"}],` + anApp, `{"name":"c%d","image":"a"}`},
	{"volumes", "", `"volumes":[@{"name":"v"}],` + anApp, `{"name":"v%d","emptyDir":{}}`},
	{"variables", "", `"containers":[{"name":"app","image":"app","env":[@{"name":"v"}]}]`, `{"name":"V%d","value":"$(V%d)"}`},
	{"ports", "", `"containers":[{"name":"app","image":"app","ports":[@{"containerPort":1}]}]`, `{"containerPort":%d,"name":"p%d"}`},
	{"mounts", "", `"containers":[{"name":"app","image":"app","volumeMounts":[@{"name":"v","mountPath":"/v"}]}]`, `{"name":"v","mountPath":"/v/%d"}`},
	{"arguments", "", `"containers":[{"name":"app","image":"app","args":[@"a"]}]`, `"--a=%d"`},
	{"variables of an override", "", `"initContainers":[{"name":"sidecar-proxy","env":[@{"name":"v"}]}],` + anApp, `{"name":"V%d","value":"v"}`},
	{"arguments of an override", "", `"initContainers":[{"name":"sidecar-init","args":[@"a"]}],` + anApp, `"--a=%d"`},
	{"tolerations", "", `"tolerations":[@{"key":"a"}],` + anApp, `{"key":"k%d","operator":"Exists"}`},
	{"an unknown field", "", `"x":[@0],` + anApp, `{"a":%d}`},
	{"owners", `,"ownerReferences":[@{"name":"o"}]`, anApp, `{"name":"o%d","uid":"%d"}`},
	{"managed fields", `,"managedFields":[@{"manager":"m"}]`, anApp, `{"manager":"m%d"}`},
}

const anApp = `"containers":[{"name":"app","image":"app"}]`

// costly returns the review of a pod of costlySize bytes, nil if that is no JSON.
func costly(t testing.TB, place int, fragment string) []byte {
	t.Helper()
	var all strings.Builder
	for number := 0; all.Len() < costlySize; number++ {
		all.WriteString(strings.ReplaceAll(fragment, "%d", strconv.Itoa(number)) + ",")
	}
	pod := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{"` + injectKey + `":"true"}` + places[place].metadata +
		`},"spec":{` + places[place].spec + `}}`
	pod = strings.Replace(pod, "@", all.String(), 1)
	if !json.Valid([]byte(pod)) {
		return nil
	}
	return reviewOf(t, json.RawMessage(pod))
}

// FuzzCost: no pod of 64 KiB takes more than costlyFactor times as long as the median of such pods. Of several measurements
// the shortest counts.
func FuzzCost(f *testing.F) {
	handler := fuzzed(f)
	var usual []time.Duration
	for i, place := range places {
		for _, fragment := range []string{place.fragment, `null`, `{"name":"same","image":"a"}`, `{"name":"sidecar-proxy"}`, `[[[[[[[[%d]]]]]]]]`} {
			f.Add(uint(i), fragment)
		}
		usual = append(usual, shortest(handler, costly(f, i, place.fragment), 3))
	}
	slices.Sort(usual)
	most := costlyFactor * max(usual[len(usual)/2], time.Millisecond) // a thread's clock may be coarse
	f.Logf("usual %s, at most %s", usual[len(usual)/2], most)
	f.Fuzz(func(t *testing.T, number uint, fragment string) {
		place := int(number % uint(len(places)))
		if fragment == "" || !utf8.ValidString(fragment) {
			return
		}
		body := costly(t, place, fragment)
		if body == nil || shortest(handler, body, 1) <= most {
			return
		}
		if took := shortest(handler, body, 9); took > most {
			t.Errorf("%s of %q take %s, want at most %s", places[place].name, fragment, took, most)
		}
	})
}

// shortest returns the shortest time of several answers, of the thread that computes them.
func shortest(handler http.Handler, body []byte, times int) time.Duration {
	least := time.Duration(1<<63 - 1)
	for range times {
		least = min(least, cpuTime(func() { posted(handler, ScopePod, body) }))
	}
	return least
}
