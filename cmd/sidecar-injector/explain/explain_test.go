package explain

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/utils/ptr"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// explainIn explains the one workload of a text, in a namespace with these labels.
func explainIn(t *testing.T, config, text string, labels map[string]string, documents ...manifest.Document) Explanation {
	t.Helper()
	parsed, err := webhook.Parse([]byte(config), nil)
	if err != nil {
		t.Fatal(err)
	}
	if text != "" {
		if documents, err = manifest.Parse("in.yaml", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	namespaces, err := manifest.NewNamespaces(documents, labels)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := webhook.New(webhook.Options{Config: parsed, Namespaces: namespaces})
	if err != nil {
		t.Fatal(err)
	}
	webhooks, err := selection.Default(parsed)
	if err != nil {
		t.Fatal(err)
	}
	explainer, err := New(Options{Handler: handler, Webhooks: webhooks, Namespaces: namespaces, Namespace: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	explained, err := explainer.Explain(t.Context(), documents)
	if err != nil {
		t.Fatal(err)
	}
	if len(explained) != 1 {
		t.Fatalf("%d explanations, want 1", len(explained))
	}
	return explained[0]
}

const podText = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, %META}\nspec: {containers: [{name: app, image: app}], %SPEC}\n"

func pod(meta, spec string) string {
	return strings.NewReplacer("%META", meta, "%SPEC", spec).Replace(podText)
}

// TestVerdicts: each verdict, and remedies that change it.
func TestVerdicts(t *testing.T) {
	enabled, disabled := map[string]string{"istio-injection": "enabled"}, map[string]string{"istio-injection": "disabled"}
	const asks, refuses = `annotations: {sidecar.istio.io/inject: "true"}`, `annotations: {sidecar.istio.io/inject: "false"}`
	cases := map[string]struct {
		config, text string
		labels       map[string]string
		verdict      Verdict
		reason       webhook.Reason
		because      string
		remedies     []string
	}{
		"a pod that says nothing": {
			"", pod("", ""), nil, NotCalled, webhook.ReasonNotRequested, "neither the pod nor its namespace asks for injection",
			[]string{`annotate the pod with sidecar.istio.io/inject: "true" (metadata.annotations)`, "label the namespace shop with istio-injection=enabled, which counts for all its new pods"},
		},
		"a pod that asks": {
			"", pod(asks, ""), nil, Inject, webhook.ReasonAnnotationTrue, `the pod's annotation sidecar.istio.io/inject is "true"`,
			[]string{"remove the annotation sidecar.istio.io/inject from the pod (metadata.annotations)", `set the annotation sidecar.istio.io/inject of the pod to "false" (metadata.annotations)`},
		},
		"a pod that refuses, where all are injected": {
			"", pod(refuses, ""), enabled, NotCalled, webhook.ReasonAnnotationFalse, `the pod's annotation sidecar.istio.io/inject is "false"`,
			[]string{"remove the annotation sidecar.istio.io/inject from the pod (metadata.annotations)", `set the annotation sidecar.istio.io/inject of the pod to "true" (metadata.annotations)`},
		},
		"a label of the namespace with another value": {
			"", pod(asks, ""), disabled, NotCalled, "", "the namespace has the label istio-injection=disabled",
			[]string{"label the namespace shop with istio-injection=enabled, which counts for all its new pods", "take the label istio-injection from the namespace shop, which counts for all its new pods"},
		},
		"the host's network, unasked: two changes are needed": {
			"", pod("", "hostNetwork: true"), nil, NotCalled, webhook.ReasonHostNetwork, "the pod uses the host's network: redirecting its traffic would redirect the node's",
			[]string{`annotate the pod with sidecar.istio.io/inject: "true" (metadata.annotations), and do without hostNetwork in the pod`},
		},
		"the host's network, asked": {
			"", pod(asks, "hostNetwork: true"), nil, Skip, webhook.ReasonHostNetwork, "the pod uses the host's network: redirecting its traffic would redirect the node's",
			[]string{"do without hostNetwork in the pod"},
		},
		"a value that cannot be given": {
			"", pod(`annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/logLevel: loud}`, ""), nil, Failed, "invalid_input",
			`the pod is refused: template "envoy" line 195: annotation "sidecar.istio.io/logLevel": "loud" is not allowed, want one of trace, debug, info, warning, error, critical, off`,
			[]string{"correct the annotation sidecar.istio.io/logLevel of the pod, or remove it (metadata.annotations)"},
		},
		"the same, let in": {
			"onError: allow", pod(`annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/logLevel: loud}`, ""), nil, Failed, "invalid_input",
			`the pod is created without a sidecar: template "envoy" line 195: annotation "sidecar.istio.io/logLevel": "loud" is not allowed, want one of trace, debug, info, warning, error, critical, off`,
			[]string{"correct the annotation sidecar.istio.io/logLevel of the pod, or remove it (metadata.annotations)"},
		},
		"another injector's pod": {
			"", pod(`annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/status: "{}"}`, "initContainers: [{name: istio-proxy, image: x}]"), nil, Skip, webhook.ReasonInjectedByOther,
			`the pod has the container "istio-proxy" of another injector, istio`, nil,
		},
		"a policy that injects none unasked": {
			"policy: disabled", pod("", ""), enabled, Skip, webhook.ReasonPolicyDisabled, "the policy is disabled: only pods that ask for themselves are injected",
			[]string{`annotate the pod with sidecar.istio.io/inject: "true" (metadata.annotations)`},
		},
		"a value that is neither, which only the pod itself puts right": {
			"", pod(`labels: {sidecar.istio.io/inject: "yes"}`, ""), nil, Skip, webhook.ReasonInvalidValue, `the pod's label sidecar.istio.io/inject is "yes", want "true" or "false": the pod is not injected`,
			[]string{`set the label sidecar.istio.io/inject of the pod to "true" (metadata.labels)`},
		},
		"a label that refuses, and an annotation that asks": {
			"", pod(`labels: {sidecar.istio.io/inject: "false"}, `+asks, ""), nil, NotCalled, webhook.ReasonLabelFalse, `the pod's label sidecar.istio.io/inject is "false"`,
			[]string{"remove the label sidecar.istio.io/inject from the pod (metadata.labels)", `set the label sidecar.istio.io/inject of the pod to "true" (metadata.labels)`},
		},
		"a namespace that the configuration excludes": {
			"excludedNamespaces: [shop]", pod(asks, ""), nil, Skip, webhook.ReasonExcludedNamespace, `the namespace "shop" is excluded from injection`, nil,
		},
		"an invalid value where the namespace opted in": {
			"", pod(`annotations: {sidecar.istio.io/inject: "yes"}`, ""), enabled, Inject, webhook.ReasonInvalidValue, `the pod's annotation sidecar.istio.io/inject is "yes", want "true" or "false": the pod is injected because its namespace opted in`,
			[]string{`set the annotation sidecar.istio.io/inject of the pod to "false" (metadata.annotations)`},
		},
		"a label that asks": {
			"", pod(`labels: {sidecar.istio.io/inject: "true"}`, ""), nil, Inject, webhook.ReasonLabelTrue, `the pod's label sidecar.istio.io/inject is "true"`,
			[]string{"remove the label sidecar.istio.io/inject from the pod (metadata.labels)", `set the label sidecar.istio.io/inject of the pod to "false" (metadata.labels)`},
		},
		"a pod that is ours already": {
			"", pod(`annotations: {sidecar-injector.github.io/status: "{}"}`, "initContainers: [{name: sidecar-proxy, image: x, restartPolicy: Always}]"), enabled, Inject, webhook.ReasonNamespaceLabel, `the namespace "shop" opted in by its label istio-injection=enabled`,
			[]string{`annotate the pod with sidecar.istio.io/inject: "false" (metadata.annotations)`, "take the label istio-injection from the namespace shop, which counts for all its new pods"},
		},
		"an always-inject selector": {
			`{policy: disabled, alwaysInjectSelector: [{matchLabels: {job: "yes"}}]}`, pod(`labels: {job: "yes"}`, ""), enabled, Inject, webhook.ReasonAlwaysSelector, "the pod's labels match alwaysInjectSelector",
			[]string{`annotate the pod with sidecar.istio.io/inject: "false" (metadata.annotations)`, "take the label istio-injection from the namespace shop, which counts for all its new pods"},
		},
		"a template that fails": {
			"templates: {envoy: '{{ fail \"broken\" }}'}", pod(asks, ""), nil, Failed, "template_error", `the pod is refused: template "envoy" line 1 {{fail "broken"}}: error calling fail: broken`, nil,
		},
		"a Windows pod": {"", pod(asks, "os: {name: windows}"), nil, NotCalled, webhook.ReasonWindowsPod, "the pod runs on Windows, for which there is no sidecar", nil},
		"the mirror of a static pod": {
			"", pod(`annotations: {sidecar.istio.io/inject: "true", kubernetes.io/config.mirror: x}`, ""), nil, NotCalled, webhook.ReasonMirrorPod, "the pod is the mirror of a static pod, which runs as it is", nil,
		},
		"a never-inject selector": {
			`neverInjectSelector: [{matchLabels: {job: "yes"}}]`, pod(`labels: {job: "yes"}`, ""), enabled, Skip, webhook.ReasonNeverSelector, "the pod's labels match neverInjectSelector",
			[]string{`annotate the pod with sidecar.istio.io/inject: "true" (metadata.annotations)`},
		},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			explained := explainIn(t, c.config, c.text, c.labels)
			if explained.Verdict != c.verdict || explained.Reason != c.reason {
				t.Errorf("verdict %s, reason %q; want %s, %q", explained.Verdict, explained.Reason, c.verdict, c.reason)
			}
			if diff := cmp.Diff(c.because, explained.Because); diff != "" {
				t.Errorf("because (-want +got):\n%s", diff)
			}
			var remedies []string
			for _, remedy := range explained.Remedies {
				remedies = append(remedies, remedy.Change)
			}
			if diff := cmp.Diff(c.remedies, remedies); diff != "" {
				t.Errorf("remedies (-want +got):\n%s", diff)
			}
			checkText(t, explained)
			checkShort(t, explained)
		})
	}
}

// checkText: every rule of the table is written, one of them is marked, and no line is wider than a terminal but for
// commands.
func checkText(t *testing.T, explained Explanation) {
	t.Helper()
	var out strings.Builder
	if err := Write(&out, []Explanation{explained}, Look{Wide: true}); err != nil {
		t.Fatal(err)
	}
	marked := 0
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if len([]rune(line)) > 80 && !strings.HasPrefix(line, "      kubectl ") {
			t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
		}
		if strings.HasPrefix(line, "> ") {
			marked++
		}
	}
	if marked != 1 || len(explained.Rules) != 14 || !strings.Contains(out.String(), "\n  14. ") && !strings.Contains(out.String(), "\n> 14. ") {
		t.Errorf("%d rules, %d marked; want 14, and one marked:\n%s", len(explained.Rules), marked, &out)
	}
	if decisive := len(explained.Rules) > 0 && explained.Reason != "" && explained.Verdict != Failed; decisive {
		for _, step := range explained.Rules {
			if step.Decided && step.Reason != explained.Reason {
				t.Errorf("marked is %s, the reason is %s", step.Reason, explained.Reason)
			}
		}
	}
}

// checkShort: without Wide the answer comes first, then what would change it, then who is asked, and of the rules the one
// that decides.
func checkShort(t *testing.T, explained Explanation) {
	t.Helper()
	var out strings.Builder
	if err := Write(&out, []Explanation{explained}, Look{}); err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, heading := range []string{explained.Kind + " ", "\nWhat would make it different", "\nWho is asked", "\nThe rule that ", "\n> "} {
		next := strings.Index(out.String()[at:], heading)
		if next < 0 {
			t.Fatalf("no %q after the one before:\n%s", heading, &out)
		}
		at += next
	}
	if rules := strings.Count(out.String(), "? "); rules != 1 {
		t.Errorf("%d rules, want one:\n%s", rules, &out)
	}
}

// livePod is a pod as the API server gives it.
func livePod(t *testing.T, text string) manifest.Document {
	t.Helper()
	live := map[string]any{}
	if err := utilyaml.Unmarshal([]byte(text), &live); err != nil {
		t.Fatal(err)
	}
	return manifest.FromObject("pod/a", live)
}

func TestStateOfALivePod(t *testing.T) {
	const asks = `annotations: {sidecar.istio.io/inject: "true"}`
	marked := func(hash string) string {
		return pod(`annotations: {sidecar.istio.io/inject: "true", sidecar-injector.github.io/status: '{"revision":"default","templates":["envoy"],"hash":"`+hash+`","containers":{"sidecar-proxy":""}}'}`,
			"initContainers: [{name: sidecar-proxy, image: x, restartPolicy: Always}]")
	}
	today := explainIn(t, "", "", nil, livePod(t, marked("0"))).State.Today.Hash
	cases := map[string]struct {
		text string
		want Sidecar
	}{
		"none, and none is due":                  {pod("", ""), SidecarNone},
		"none, though one is due":                {pod(asks, ""), SidecarMissing},
		"today's":                                {marked(today), SidecarCurrent},
		"an older one":                           {marked("0123456789ab"), SidecarOutdated},
		"one of a version that recorded no hash": {marked(""), SidecarOutdated},
		"one that would not be given now":        {strings.Replace(marked(today), `inject: "true"`, `inject: "false"`, 1), SidecarUnwanted},
		"another injector's, unasked":            {pod(`annotations: {sidecar.istio.io/status: "{}"}`, "initContainers: [{name: istio-proxy, image: x}]"), SidecarOther},
		"none, and its injection would fail":     {strings.Replace(pod(asks, ""), `"true"`, `"true", sidecar.istio.io/logLevel: loud`, 1), SidecarMissing},
		"one, and its injection would fail":      {strings.Replace(marked(today), `"true"`, `"true", sidecar.istio.io/logLevel: loud`, 1), SidecarOutdated},
		"another injector's":                     {pod(`annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/status: "{}"}`, "initContainers: [{name: istio-proxy, image: x}]"), SidecarOther},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			state := explainIn(t, "", "", nil, livePod(t, c.text)).State
			if state == nil || state.Sidecar != c.want {
				t.Errorf("state %+v, want %s", state, c.want)
			}
		})
	}
	if explained := explainIn(t, "", pod(asks, ""), nil); explained.State != nil {
		t.Errorf("a pod in a file has a state: %+v", explained.State)
	}
}

// TestHistory: how a pod came to be without a sidecar. What is proved is told as a fact, all else as possible.
func TestHistory(t *testing.T) {
	at := func(minute int) metav1.Time { return metav1.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }
	const born = 30 // the pod's minute
	configuration := func(created, changed int, policy admissionregistrationv1.FailurePolicyType) *admissionregistrationv1.MutatingWebhookConfiguration {
		when := at(changed)
		return &admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(created), ManagedFields: []metav1.ManagedFieldsEntry{
				{Time: &when, FieldsV1: metav1.NewFieldsV1(`{"f:webhooks":{"k:{\"name\":\"x\"}":{"f:rules":{}}}}`)}}},
			Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: "x", FailurePolicy: &policy}, {Name: "other", FailurePolicy: ptr.To(admissionregistrationv1.Ignore)}},
		}
	}
	// set is an object whose metadata have a field, set by one who has the other fields too.
	set := func(field, key string, minute int, others ...string) *metav1.ObjectMeta {
		when := at(minute)
		fields := `"f:` + key + `":{}`
		for _, other := range others {
			fields += `,"f:` + other + `":{}`
		}
		return &metav1.ObjectMeta{Name: "a", Namespace: "shop", CreationTimestamp: at(born), ManagedFields: []metav1.ManagedFieldsEntry{
			{Time: &when, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:` + field + `":{".":{},` + fields + `}}}`)}}}
	}
	deployment := func(available corev1.ConditionStatus, minute int) *appsv1.Deployment {
		return &appsv1.Deployment{Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: available, LastTransitionTime: at(minute)}}}}
	}
	in := func(namespace *metav1.ObjectMeta) map[string]*metav1.ObjectMeta {
		return map[string]*metav1.ObjectMeta{"shop": namespace}
	}
	twice := set("labels", "istio-injection", 35)
	twice.ManagedFields = append(twice.ManagedFields, set("labels", "istio-injection", 5, "team").ManagedFields...)
	configMap := &metav1.ObjectMeta{Name: "c", Namespace: "mesh", ManagedFields: []metav1.ManagedFieldsEntry{{Time: ptr.To(at(50)), FieldsV1: metav1.NewFieldsV1(`{"f:data":{"f:config":{}}}`)}}}
	const fail, ignore = admissionregistrationv1.Fail, admissionregistrationv1.Ignore
	const byNamespace, byAnnotation = webhook.ReasonNamespaceLabel, webhook.ReasonAnnotationTrue
	asked := set("annotations", "sidecar.istio.io/inject", 10)
	const unknown = "the cluster does not show why"
	const perhaps = unknown + "; it may have been created (2026-01-02T03:30:00Z) "
	cases := map[string]struct {
		history History
		pod     *metav1.ObjectMeta
		reason  webhook.Reason
		want    string
	}{
		"before the injector": {
			History{Configuration: configuration(40, 41, fail)}, asked, byAnnotation,
			"it was created (2026-01-02T03:30:00Z) before the injector's webhook configuration (2026-01-02T03:40:00Z)",
		},
		"before the namespace's label": {
			History{Configuration: configuration(1, 1, fail), Namespaces: in(set("labels", "istio-injection", 35))}, asked, byNamespace,
			"it was created (2026-01-02T03:30:00Z) before the namespace's label istio-injection was set (2026-01-02T03:35:00Z)",
		},
		"the namespace's label has nothing to do with it": {
			History{Configuration: configuration(1, 1, fail), Namespaces: in(set("labels", "istio-injection", 35))}, asked, byAnnotation, unknown,
		},
		"before something of who set the label, which may be older": {
			History{Configuration: configuration(1, 1, fail), Namespaces: in(set("labels", "istio-injection", 35, "team"))}, asked, byNamespace,
			perhaps + "before the namespace's label istio-injection was set (whoever set it changed something there at 2026-01-02T03:35:00Z, perhaps that)",
		},
		"a label that somebody else had set before": {
			History{Configuration: configuration(1, 1, fail), Namespaces: in(twice)}, asked, byNamespace, unknown,
		},
		"an annotation of the namespace with the label's name": {
			History{Configuration: configuration(1, 1, fail), Namespaces: in(set("annotations", "istio-injection", 35))}, asked, byNamespace, unknown,
		},
		"before it asked": {
			History{Configuration: configuration(1, 1, fail)}, set("annotations", "sidecar.istio.io/inject", 50), byAnnotation,
			"it was created (2026-01-02T03:30:00Z) before its annotation sidecar.istio.io/inject was set (2026-01-02T03:50:00Z)",
		},
		"before the configurations were changed": {
			History{Configuration: configuration(1, 40, fail), ConfigMap: configMap}, asked, byAnnotation,
			perhaps + "before the injector's webhook configuration was changed (last at 2026-01-02T03:40:00Z), or before the injector's ConfigMap mesh/c was changed (last at 2026-01-02T03:50:00Z)",
		},
		"while the injector was down": {
			History{Configuration: configuration(1, 1, ignore), Deployment: deployment(corev1.ConditionTrue, 45)}, asked, byAnnotation,
			perhaps + "while the injector could not be reached, as failurePolicy Ignore lets pods in then (it has been available since 2026-01-02T03:45:00Z only)",
		},
		"while the injector is down": {
			History{Configuration: configuration(1, 1, ignore), Deployment: deployment(corev1.ConditionFalse, 20)}, asked, byAnnotation,
			perhaps + "while the injector could not be reached, as failurePolicy Ignore lets pods in then (it has not been available since 2026-01-02T03:20:00Z)",
		},
		"perhaps while it was down": {
			History{Configuration: configuration(1, 1, ignore), Deployment: deployment(corev1.ConditionTrue, 2)}, asked, byAnnotation,
			perhaps + "while the injector could not be reached, as failurePolicy Ignore lets pods in then",
		},
		"nothing shows": {
			History{Configuration: configuration(1, 1, fail), Deployment: deployment(corev1.ConditionTrue, 45)}, asked, byAnnotation, unknown,
		},
	}
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := &config.Engine().Profile().Keys
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.history.whyMissing(c.pod, keys, c.reason, "x")); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
		})
	}
	h := History{}
	const since = "it was created (2026-01-02T03:30:00Z) before its annotation sidecar.istio.io/inject was set (2026-01-02T03:50:00Z)"
	if got := h.whyUnwanted(set("annotations", "sidecar.istio.io/inject", 50), keys, webhook.ReasonAnnotationFalse); got != since {
		t.Errorf("of a pod that opted out later: %s", got)
	}
}
