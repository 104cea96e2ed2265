package selection

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

func podFrom(t *testing.T, text string) map[string]any {
	t.Helper()
	pod := map[string]any{}
	if err := utilyaml.Unmarshal([]byte(text), &pod); err != nil {
		t.Fatal(err)
	}
	return pod
}

func configFrom(t *testing.T, text string) *webhook.Config {
	t.Helper()
	config, err := webhook.Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// What the chart's entries say, for what a pod and its namespace can say.
func TestDefault(t *testing.T) {
	const asks = `metadata: {annotations: {sidecar.istio.io/inject: "true"}}`
	cases := map[string]struct {
		config, pod, namespace string
		labels                 map[string]string
		called                 webhook.Scope // "" for none
		why                    string        // of the closest
	}{
		"the annotation alone is enough":          {"", asks, "shop", nil, webhook.ScopePod, ""},
		"the label is too":                        {"", `metadata: {labels: {sidecar.istio.io/inject: "true"}}`, "shop", nil, webhook.ScopePod, ""},
		"a pod that says nothing":                 {"", `{}`, "shop", nil, "", `its match condition "asked" is false`},
		"a pod that says nothing, opted in":       {"", `{}`, "shop", map[string]string{"istio-injection": "enabled"}, webhook.ScopeNamespace, ""},
		"a pod that opted out, opted in":          {"", `metadata: {annotations: {sidecar.istio.io/inject: "false"}}`, "shop", map[string]string{"istio-injection": "enabled"}, "", `its match condition "not-opted-out" is false`},
		"the namespace's label has another value": {"", asks, "shop", map[string]string{"istio-injection": "disabled"}, "", "the namespace has the label istio-injection=disabled"},
		"a namespace of the system":               {"", asks, "kube-system", nil, "", "the namespace is kube-system"},
		"a mirror pod":                            {"", `metadata: {annotations: {sidecar.istio.io/inject: "true", kubernetes.io/config.mirror: x}}`, "shop", nil, "", `its match condition "no-mirror-pod" is false`},
		"a Windows pod":                           {"", asks + "\nspec: {os: {name: windows}}", "shop", nil, "", `its match condition "no-windows-pod" is false`},
		"the host's network, unasked":             {"", `spec: {hostNetwork: true}`, "shop", map[string]string{"istio-injection": "enabled"}, "", `its match condition "no-host-network-unless-asked" is false`},
		"the host's network, asked":               {"", asks + "\nspec: {hostNetwork: true}", "shop", nil, webhook.ScopePod, ""},
		"another label opts namespaces in":        {"namespaceLabel: example.com/mesh=on", `{}`, "shop", map[string]string{"example.com/mesh": "on"}, webhook.ScopeNamespace, ""},
		"the usual label does not, then":          {"namespaceLabel: example.com/mesh=on", `{}`, "shop", map[string]string{"istio-injection": "enabled"}, "", `its match condition "asked" is false`},
		"another label, with another value":       {"namespaceLabel: example.com/mesh=on", asks, "shop", map[string]string{"example.com/mesh": "off"}, "", "the namespace has the label example.com/mesh=off"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			webhooks, err := Default(configFrom(t, c.config))
			if err != nil {
				t.Fatal(err)
			}
			calls, err := webhooks.For(t.Context(), &metav1.ObjectMeta{Name: c.namespace, Labels: c.labels}, podFrom(t, c.pod))
			if err != nil {
				t.Fatal(err)
			}
			var called webhook.Scope
			for _, call := range calls {
				if call.Called {
					called = call.Scope
				}
				if call.Refused {
					t.Errorf("refused: %+v", call)
				}
			}
			closest := Closest(calls)
			if called != c.called || closest.Why() != c.why {
				t.Errorf("called %q, the closest says %q; want %q, %q", called, closest.Why(), c.called, c.why)
			}
		})
	}
}

func newWebhooks(t *testing.T, text string) *Webhooks {
	t.Helper()
	var entry admissionregistrationv1.MutatingWebhook
	if err := utilyaml.Unmarshal([]byte(text), &entry); err != nil {
		t.Fatal(err)
	}
	webhooks, err := New(&admissionregistrationv1.MutatingWebhookConfiguration{Webhooks: []admissionregistrationv1.MutatingWebhook{entry}})
	if err != nil {
		t.Fatal(err)
	}
	return webhooks
}

// An entry as somebody else wrote it: each check alone, as it comes out.
func TestFor(t *testing.T) {
	const pods = "{name: x, clientConfig: {service: {path: /inject/pod}}, rules: [{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}]"
	cases := map[string]struct {
		entry           string
		called, refused bool
		failed          Check
	}{
		"rules for something else": {
			"{name: x, rules: [{operations: [UPDATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}]}",
			false, false, Check{Field: CheckRules, Wanted: "UPDATE of pods", Saw: "the creation of a pod"},
		},
		"no rules": {"{name: x}", false, false, Check{Field: CheckRules, Wanted: "nothing", Saw: "the creation of a pod"}},
		"the object's labels": {
			pods + ", objectSelector: {matchLabels: {tier: web, app: shop}}}",
			false, false, Check{Field: CheckObjectSelector, Wanted: "tier=web", Saw: "no label tier"},
		},
		"a condition that is false beats one that fails": {
			pods + ", matchConditions: [{name: fails, expression: 'object.spec.nodeName == \"a\"'}, {name: untrue, expression: 'false'}]}",
			false, false, Check{Field: CheckMatchCondition, Name: "fails", Wanted: `object.spec.nodeName == "a"`, Error: "expression 'object.spec.nodeName == \"a\"' resulted in error: no such key: nodeName"},
		},
		"a condition that fails refuses": {
			pods + ", matchConditions: [{name: fails, expression: 'object.spec.nodeName == \"a\"'}]}",
			false, true, Check{Field: CheckMatchCondition, Name: "fails", Wanted: `object.spec.nodeName == "a"`, Error: "expression 'object.spec.nodeName == \"a\"' resulted in error: no such key: nodeName"},
		},
		"or not, if failures are ignored": {
			pods + ", failurePolicy: Ignore, matchConditions: [{name: fails, expression: 'object.spec.nodeName == \"a\"'}]}",
			false, false, Check{Field: CheckMatchCondition, Name: "fails", Wanted: `object.spec.nodeName == "a"`, Error: "expression 'object.spec.nodeName == \"a\"' resulted in error: no such key: nodeName"},
		},
		"the request's namespace and the libraries of the API server": {
			pods + ", matchConditions: [{name: a, expression: 'request.namespace == \"shop\" && request.operation == \"CREATE\"'}, {name: b, expression: 'quantity(object.spec.containers[0].resources.limits.cpu).isGreaterThan(quantity(\"100m\"))'}]}",
			true, false, Check{},
		},
		"what the authorizer alone knows": {
			pods + ", matchConditions: [{name: may, expression: 'authorizer.group(\"\").resource(\"pods\").check(\"create\").allowed()'}]}",
			false, false, Check{Field: CheckMatchCondition, Name: "may", Wanted: `authorizer.group("").resource("pods").check("create").allowed()`, Saw: "it depends on who creates the pod, which is not known here"},
		},
		"who creates the pod": {
			pods + ", matchConditions: [{name: robot, expression: 'request.userInfo.username.startsWith(\"system:\")'}]}",
			false, false, Check{Field: CheckMatchCondition, Name: "robot", Wanted: `request.userInfo.username.startsWith("system:")`, Saw: "it depends on who creates the pod, which is not known here"},
		},
	}
	pod := podFrom(t, "metadata: {labels: {app: shop}}\nspec: {containers: [{name: a, image: a, resources: {limits: {cpu: 1}}}]}")
	before, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			calls, err := newWebhooks(t, c.entry).For(t.Context(), &metav1.ObjectMeta{Name: "shop"}, pod)
			if err != nil {
				t.Fatal(err)
			}
			failed, _ := calls[0].Failed()
			if calls[0].Called != c.called || calls[0].Refused != c.refused {
				t.Errorf("called %v, refused %v; want %v, %v: %+v", calls[0].Called, calls[0].Refused, c.called, c.refused, calls[0].Checks)
			}
			if diff := cmp.Diff(c.failed, failed); diff != "" {
				t.Errorf("the first check that fails (-want +got):\n%s", diff)
			}
		})
	}
	if after, _ := json.Marshal(pod); string(after) != string(before) {
		t.Error("the pod was changed")
	}
}

func TestNewNamesTheField(t *testing.T) {
	_, err := New(&admissionregistrationv1.MutatingWebhookConfiguration{Webhooks: []admissionregistrationv1.MutatingWebhook{{
		Name:           "x",
		ObjectSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}},
	}}})
	if want := `webhook "x": objectSelector: "Near" is not a valid label selector operator`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func BenchmarkFor(b *testing.B) {
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	webhooks, err := Default(config)
	if err != nil {
		b.Fatal(err)
	}
	pod := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"sidecar.istio.io/inject": "true"}}}
	for b.Loop() {
		if _, err := webhooks.For(b.Context(), &metav1.ObjectMeta{Name: "shop"}, pod); err != nil {
			b.Fatal(err)
		}
	}
}
