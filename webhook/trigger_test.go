package webhook

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// The two triggers of these tests: one by words of its own, one by boolean words.
var (
	byWords = templates.Trigger{
		Pod: []templates.Place{templates.PlaceAnnotation}, Inject: []string{"enabled", "ingress"}, Skip: []string{"disabled"}, Ignore: []string{""},
		Invalid: templates.InvalidSkip, NamespaceAnnotation: "mesh.example.com/inject",
	}
	byBooleans = templates.Trigger{Booleans: true, Invalid: templates.InvalidRefuse, HostNetwork: true}
)

type triggerRow struct {
	trigger templates.Trigger
	pod     []tweak
	in      Namespace
	want    Decision
}

func every(annotations ...string) Namespace {
	namespace := Namespace{Name: "shop", Every: true}
	for _, value := range annotations {
		namespace.Annotations = map[string]string{byWords.NamespaceAnnotation: value}
	}
	return namespace
}

var triggerRows = map[string]triggerRow{
	"a word that injects":                                    {byWords, []tweak{annotateInject("enabled")}, optedOut, inject(ReasonAnnotationTrue)},
	"another word that injects":                              {byWords, []tweak{annotateInject("ingress")}, optedOut, inject(ReasonAnnotationTrue)},
	"the word that skips":                                    {byWords, []tweak{annotateInject("disabled")}, optedIn, skip(ReasonAnnotationFalse)},
	"the word that skips, on the host's network":             {byWords, []tweak{hostNetwork, annotateInject("disabled")}, optedIn, skip(ReasonHostNetwork)},
	"a word that injects, on the host's network":             {byWords, []tweak{hostNetwork, annotateInject("ingress")}, optedIn, skipWarn(ReasonHostNetwork)},
	"Istio's word is no word here":                           {byWords, []tweak{annotateInject("true")}, optedOut, skipWarn(ReasonInvalidValue)},
	"an unknown word skips where the namespace opted in too": {byWords, []tweak{annotateInject("true")}, optedIn, skipWarn(ReasonInvalidValue)},
	"a label is not read":                                    {byWords, []tweak{labelInject("disabled")}, optedIn, inject(ReasonNamespaceLabel)},
	"an empty value says nothing":                            {byWords, []tweak{annotateInject("")}, optedIn, inject(ReasonNamespaceLabel)},
	"an empty value says nothing, alone":                     {byWords, []tweak{annotateInject("")}, optedOut, skip(ReasonNotRequested)},
	"the namespace's annotation asks":                        {byWords, nil, every("enabled"), inject(ReasonNamespaceLabel)},
	"the namespace's annotation refuses":                     {byWords, nil, every("disabled"), skip(ReasonNamespaceFalse)},
	"the namespace's annotation is unclear":                  {byWords, nil, every("yes"), skipWarn(ReasonInvalidValue)},
	"the namespace has no annotation":                        {byWords, nil, every(), skip(ReasonNotRequested)},
	"the pod comes before its namespace's annotation":        {byWords, []tweak{annotateInject("disabled")}, every("enabled"), skip(ReasonAnnotationFalse)},
	"a never selector counts for the namespace's annotation": {byWords, []tweak{neverSelected}, every("enabled"), skip(ReasonNeverSelector)},
	"a boolean word":                                         {byBooleans, []tweak{annotateInject("T")}, optedOut, inject(ReasonAnnotationTrue)},
	"a boolean word that skips":                              {byBooleans, []tweak{labelInject("0")}, optedIn, skip(ReasonLabelFalse)},
	"no boolean word is refused":                             {byBooleans, []tweak{annotateInject("yes")}, optedIn, Decision{Refuse: true, Reason: ReasonInvalidValue}},
	"the host's network may be injected":                     {byBooleans, []tweak{hostNetwork, annotateInject("1")}, optedOut, inject(ReasonAnnotationTrue)},
	"all are injected by default":                            {byBooleans, nil, every(), inject(ReasonDefault)},
	"by default, where the entry for every pod is":           {byBooleans, nil, optedOut, skip(ReasonNotRequested)},
	"the revision asks":                                      {templates.Trigger{}, nil, ScopeRevision.Namespace(&metav1.ObjectMeta{Name: "shop"}), inject(ReasonRevision)},
	"the revision asks, the pod refuses":                     {templates.Trigger{}, []tweak{annotateInject("false")}, ScopeRevision.Namespace(&metav1.ObjectMeta{Name: "shop"}), skip(ReasonAnnotationFalse)},
	"a namespace that is not allowed":                        {byBooleans, []tweak{annotateInject("1")}, Namespace{Name: "elsewhere"}, skipWarn(ReasonExcludedNamespace)},
}

// TestTrigger decides by words other than Istio's.
func TestTrigger(t *testing.T) {
	for sentence, row := range triggerRows {
		t.Run(sentence, func(t *testing.T) {
			policy := *parsed(t, testPolicy+"allowedNamespaces: [shop]\neveryPod: true\ndefault: "+map[bool]string{true: "inject", false: "skip"}[row.trigger.Booleans], "").Policy()
			policy.Trigger = row.trigger
			pod := typed(t, aPod(t, row.pod...))
			got, steps := Trace(pod, row.in, &policy)
			if diff := cmp.Diff(row.want, got, cmpopts.IgnoreFields(Decision{}, "Detail")); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			if problem := notOneSentence(got.Detail); problem != "" {
				t.Errorf("detail %q %s", got.Detail, problem)
			}
			if got != Decide(pod, row.in, &policy) || len(steps) == 0 {
				t.Error("Trace and Decide differ")
			}
		})
	}
}

// meshProfile is a profile of a mesh with words of its own, and a template that skips.
func meshProfile(t *testing.T) *templates.Profile {
	t.Helper()
	profile, err := templates.LoadProfile(fstest.MapFS{
		"profile.yaml": {Data: []byte(`name: mesh
defaultTemplates: [mesh]
keys:
  inject: mesh.example.com/inject
  namespaceLabel: mesh.example.com/inject
  namespaceLabelValue: enabled
  status: sidecar-injector.github.io/mesh-status
trigger: {pod: [annotation], inject: [enabled], skip: [disabled], invalid: refuse, namespaceAnnotation: mesh.example.com/inject}
skips: {no_token: the pod mounts no token}
namespaceAnnotations: [mesh.example.com/level]
`)},
		"templates/mesh.yaml": {Data: []byte(`{{- if eq .Spec.AutomountServiceAccountToken nil }}{{ else }}{{ skip .Namespace.Labels.reason "the pod mounts no token" }}{{ end }}
spec: {containers: [{name: proxy, image: "proxy:{{ annotation .ObjectMeta "mesh.example.com/level" "none" }}", env: [{name: OWNER, value: "{{ .Owner.Kind }}/{{ .Owner.Name }}"}]}]}
`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// reading is a Namespaces that knows nothing, and reads.
type reading struct {
	namespaces
	err error
}

func (reading) Namespace(string) *metav1.ObjectMeta { return nil }

func (r reading) ReadNamespace(_ context.Context, name string) (*metav1.ObjectMeta, error) {
	return r.namespaces[name], r.err
}

// TestHandlerOfEveryPod: pods that say nothing are decided by their namespace's annotation, which is read if it is not known.
func TestHandlerOfEveryPod(t *testing.T) {
	shop := func(value string) namespaces {
		return namespaces{"shop": {Name: "shop", Labels: map[string]string{"reason": "no_token"}, Annotations: map[string]string{"mesh.example.com/inject": value, "mesh.example.com/level": "high"}}}
	}
	noToken := set(false, "spec", "automountServiceAccountToken")
	for sentence, test := range map[string]struct {
		known            Namespaces
		pod              []tweak
		decision, reason string
		message          string
	}{
		"the namespace asks":                {shop("enabled"), nil, "inject", "namespace_opted_in", ""},
		"the namespace refuses":             {shop("disabled"), nil, "skip", "namespace_opted_out", ""},
		"it is not known yet, and is read":  {reading{shop("enabled"), nil}, nil, "inject", "namespace_opted_in", ""},
		"it is not known, nobody can read":  {namespaces{}, nil, "error", "no_namespace", `the namespace "shop" is not known`},
		"nothing is known of namespaces":    {nil, nil, "error", "no_namespace", `the namespace "shop" is not known`},
		"it cannot be read":                 {reading{nil, errors.New("timed out")}, nil, "error", "no_namespace", `read the namespace "shop", which is not known yet: timed out`},
		"the template skips":                {shop("enabled"), []tweak{noToken}, "skip", "no_token", ""},
		"the template skips with no reason": {namespaces{"shop": {Name: "shop", Labels: map[string]string{"reason": "made_up"}, Annotations: shop("enabled")["shop"].Annotations}}, []tweak{noToken}, "error", "template_error", `skip: the profile has no reason "made_up", want one of no_token`},
		"a word that is not understood":     {shop("enabled"), []tweak{annotation("mesh.example.com/inject", "on")}, "error", "invalid_value", `the pod's annotation mesh.example.com/inject is "on", want "enabled" or "disabled"`},
	} {
		t.Run(sentence, func(t *testing.T) {
			config, err := NewConfig(meshProfile(t), ConfigFile{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			response := serve(t, Options{Config: config, Namespaces: test.known}).admit(t, ScopeEvery, aPod(t, test.pod...))
			want := map[string]string{"decision": test.decision, "reason": test.reason}
			if test.decision == "inject" {
				want["templates"] = "mesh"
				pod := applied(t, aPod(t, test.pod...), response.Patch)
				container := pod["spec"].(map[string]any)["containers"].([]any)[1].(map[string]any)
				if container["image"] != "proxy:high" || at(container, "env") == nil || container["env"].([]any)[0].(map[string]any)["value"] != "Pod/myapp" {
					t.Errorf("injected %v", container)
				}
			} else if response.Patch != nil {
				t.Errorf("patch %s", response.Patch)
			}
			if test.reason == "no_token" {
				want["detail"] = "the pod mounts no token"
			}
			if diff := cmp.Diff(want, response.AuditAnnotations); diff != "" {
				t.Errorf("audit annotations (-want +got):\n%s", diff)
			}
			if response.Allowed != (test.message == "") || !strings.Contains(response.Result.Message, test.message) {
				t.Errorf("allowed %v, result %v, want %q", response.Allowed, response.Result, test.message)
			}
		})
	}
}

// TestMarkSkipped: with markSkipped a pod that asked and gets no sidecar says why, and no other does.
func TestMarkSkipped(t *testing.T) {
	const key = statusKey + "-skipped"
	for sentence, c := range map[string]struct {
		config string
		scope  Scope
		pod    []tweak
		want   any
	}{
		"a value that is none":           {"", ScopePod, []tweak{annotateInject("yes")}, "invalid_value"},
		"the host's network":             {"", ScopePod, []tweak{annotateInject("true"), hostNetwork}, "host_network"},
		"a failure that is let through":  {"onError: allow\ntemplates: {envoy: '{{ fail `x` }}'}", ScopePod, []tweak{annotateInject("true")}, "template_error"},
		"an opt-out":                     {"", ScopeNamespace, []tweak{annotateInject("false")}, nil},
		"a pod that is injected":         {"", ScopePod, []tweak{annotateInject("true")}, nil},
		"a pod that says nothing, alone": {"", ScopePod, nil, nil},
	} {
		server := serveConfig(t, "markSkipped: true\n"+c.config)
		pod, _ := server.admitted(t, c.scope, aPod(t, c.pod...))
		annotations, _ := pod["metadata"].(map[string]any)["annotations"].(map[string]any)
		if annotations[key] != c.want {
			t.Errorf("%s: %v, want %v", sentence, annotations[key], c.want)
		}
	}
}
