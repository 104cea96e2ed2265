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
			[]string{`annotate the pod with sidecar.istio.io/inject: "true"`, "label the namespace shop with istio-injection=enabled"},
		},
		"a pod that asks": {
			"", pod(asks, ""), nil, Inject, webhook.ReasonAnnotationTrue, `the pod's annotation sidecar.istio.io/inject is "true"`,
			[]string{"remove the annotation sidecar.istio.io/inject from the pod", `annotate the pod with sidecar.istio.io/inject: "false"`},
		},
		"a pod that refuses, where all are injected": {
			"", pod(refuses, ""), enabled, NotCalled, webhook.ReasonAnnotationFalse, `the pod's annotation sidecar.istio.io/inject is "false"`,
			[]string{"remove the annotation sidecar.istio.io/inject from the pod", `annotate the pod with sidecar.istio.io/inject: "true"`},
		},
		"a label of the namespace with another value": {
			"", pod(asks, ""), disabled, NotCalled, "", "the namespace has the label istio-injection=disabled",
			[]string{"label the namespace shop with istio-injection=enabled", "take the label istio-injection from the namespace shop"},
		},
		"the host's network, unasked: two changes are needed": {
			"", pod("", "hostNetwork: true"), nil, NotCalled, webhook.ReasonHostNetwork, "the pod uses the host's network: redirecting its traffic would redirect the node's",
			[]string{`annotate the pod with sidecar.istio.io/inject: "true", and do without hostNetwork in the pod`},
		},
		"the host's network, asked": {
			"", pod(asks, "hostNetwork: true"), nil, Skip, webhook.ReasonHostNetwork, "the pod uses the host's network: redirecting its traffic would redirect the node's",
			[]string{"do without hostNetwork in the pod"},
		},
		"a value that cannot be given": {
			"", pod(`annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/logLevel: loud}`, ""), nil, Failed, "invalid_input",
			`the pod is refused: template "envoy" line 156: annotation "sidecar.istio.io/logLevel": "loud" is not allowed, want one of trace, debug, info, warning, error, critical, off`, nil,
		},
		"the same, let in": {
			"onError: allow", pod(`annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/logLevel: loud}`, ""), nil, Failed, "invalid_input",
			`the pod is created without a sidecar: template "envoy" line 156: annotation "sidecar.istio.io/logLevel": "loud" is not allowed, want one of trace, debug, info, warning, error, critical, off`, nil,
		},
		"another injector's pod": {
			"", pod(`annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/status: "{}"}`, "initContainers: [{name: istio-proxy, image: x}]"), nil, Skip, webhook.ReasonInjectedByOther,
			`the pod has the container "istio-proxy" of another injector, istio`, nil,
		},
		"a policy that injects none unasked": {
			"policy: disabled", pod("", ""), enabled, Skip, webhook.ReasonPolicyDisabled, "the policy is disabled: only pods that ask for themselves are injected",
			[]string{`annotate the pod with sidecar.istio.io/inject: "true"`},
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
		})
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

// TestHistory: how a pod came to be without a sidecar; of all that explains it the first is told.
func TestHistory(t *testing.T) {
	at := func(minute int) metav1.Time { return metav1.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }
	const noon = 30 // the pod's minute
	configuration := func(created, changed int, policy admissionregistrationv1.FailurePolicyType) *admissionregistrationv1.MutatingWebhookConfiguration {
		when := at(changed)
		return &admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(created), ManagedFields: []metav1.ManagedFieldsEntry{
				{Time: &when, FieldsV1: metav1.NewFieldsV1(`{"f:webhooks":{"k:{}":{"f:rules":{}}}}`)}}},
			Webhooks: []admissionregistrationv1.MutatingWebhook{{FailurePolicy: &policy}},
		}
	}
	set := func(name, field, key string, minute int) *metav1.ObjectMeta {
		when := at(minute)
		return &metav1.ObjectMeta{Name: name, Namespace: "shop", CreationTimestamp: at(noon), ManagedFields: []metav1.ManagedFieldsEntry{
			{Time: &when, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"` + field + `":{"f:` + key + `":{}}}}`)}}}
	}
	available := &appsv1.Deployment{Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, LastTransitionTime: at(45)}}}}
	const fail, ignore = admissionregistrationv1.Fail, admissionregistrationv1.Ignore
	asked := set("a", "f:annotations", "sidecar.istio.io/inject", 10)
	cases := map[string]struct {
		history History
		pod     *metav1.ObjectMeta
		want    string
	}{
		"before the injector": {
			History{Configuration: configuration(40, 41, fail)}, asked,
			"it was created (2026-01-02T03:30:00Z) before the injector was installed (2026-01-02T03:40:00Z)",
		},
		"before the namespace's label": {
			History{Configuration: configuration(1, 1, fail), Namespaces: map[string]*metav1.ObjectMeta{"shop": set("shop", "f:labels", "istio-injection", 35)}}, asked,
			"it was created (2026-01-02T03:30:00Z) before the namespace got its label istio-injection (2026-01-02T03:35:00Z)",
		},
		"before it asked": {
			History{Configuration: configuration(1, 1, fail)}, set("a", "f:annotations", "sidecar.istio.io/inject", 50),
			"it was created (2026-01-02T03:30:00Z) before it asked for a sidecar (2026-01-02T03:50:00Z)",
		},
		"before the configuration was changed": {
			History{Configuration: configuration(1, 40, fail)}, asked,
			"it was created (2026-01-02T03:30:00Z) before the webhook configuration was changed last (2026-01-02T03:40:00Z)",
		},
		"while the injector was down": {
			History{Configuration: configuration(1, 1, ignore), Deployment: available}, asked,
			"it was created (2026-01-02T03:30:00Z) before the injector was available (since 2026-01-02T03:45:00Z), and failurePolicy Ignore lets pods in then",
		},
		"perhaps while it was down": {
			History{Configuration: configuration(1, 1, ignore)}, asked,
			"failurePolicy Ignore lets pods in when the injector cannot be reached; the cluster does not show whether that was so",
		},
		"nothing shows": {
			History{Configuration: configuration(1, 1, fail), Deployment: available}, asked,
			"the cluster does not show why; its configuration may have been another one then",
		},
	}
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			if got := c.history.whyMissing(c.pod, &config.Engine().Profile().Keys); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
