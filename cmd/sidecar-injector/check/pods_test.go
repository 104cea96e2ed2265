package check

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// TestOverlap: another injector is told of where the API server asks both, and only there.
func TestOverlap(t *testing.T) {
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	webhooks, err := selection.Default(config)
	if err != nil {
		t.Fatal(err)
	}
	rules := []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
	}}
	entry := func(name, path string, namespace, object map[string]string) admissionregistrationv1.MutatingWebhook {
		url := "https://127.0.0.1" + path
		return admissionregistrationv1.MutatingWebhook{Name: name, Rules: rules, ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: namespace}, ObjectSelector: &metav1.LabelSelector{MatchLabels: object}}
	}
	const istio = "namespace.sidecar-injector.istio.io"
	for sentence, c := range map[string]struct {
		entry admissionregistrationv1.MutatingWebhook
		want  string // empty: it is not asked about the same pods
	}{
		"another of ours of our name":     {entry("revision.blue", webhook.ScopeRevision.Path(), nil, map[string]string{"istio.io/rev": "default"}), "is asked about pods labelled istio.io/rev=default too"},
		"another of ours of its own name": {entry("revision.blue", webhook.ScopeRevision.Path(), nil, map[string]string{"istio.io/rev": "blue"}), ""},
		"Istio's with the same label":     {entry(istio, "/inject", map[string]string{"istio-injection": "enabled"}, nil), "is asked about pods of namespaces labelled istio-injection=enabled too"},
		"Istio's with a revision":         {entry(istio, "/inject", map[string]string{"istio.io/rev": "canary"}, nil), ""},
		"Istio's for pods with the label": {entry(istio, "/inject", nil, map[string]string{"sidecar.istio.io/inject": "true"}), "is asked about pods with the label sidecar.istio.io/inject too"},
		"another of ours":                 {entry("namespace.blue", webhook.ScopeNamespace.Path(), map[string]string{"istio-injection": "enabled"}, nil), "is asked about pods of namespaces"},
		"another of ours, another label":  {entry("namespace.blue", webhook.ScopeNamespace.Path(), map[string]string{"blue": "enabled"}, nil), ""},
		"something else for all pods":     {entry("pods.example.com", "/mutate", nil, nil), ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			report := &Report{OK: true}
			other := admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Webhooks: []admissionregistrationv1.MutatingWebhook{c.entry}}
			own := *other.DeepCopy()
			own.Name = "own"
			checkOverlap(t.Context(), report.section(groupPods), &target{name: "own", config: config, webhooks: webhooks,
				configurations: []admissionregistrationv1.MutatingWebhookConfiguration{own, other}})
			got := report.Checks[0]
			if want := c.want == ""; len(report.Checks) != 1 || report.OK != want || !strings.Contains(got.Message, c.want) {
				t.Errorf("got %+v, want %q", report.Checks, c.want)
			}
		})
	}
}

func TestMeshsInjector(t *testing.T) {
	for _, c := range []struct {
		name, key string
		want      bool
	}{
		{"rev.namespace.sidecar-injector.istio.io", "sidecar.istio.io/inject", true},
		{"linkerd-proxy-injector.linkerd.io", "linkerd.io/inject", true},
		{"linkerd-proxy-injector.linkerd.io", "sidecar.istio.io/inject", false},
		{"consul-connect-injector.consul.hashicorp.com", "consul.hashicorp.com/connect-inject", true},
		{"webhook.cert-manager.io", "sidecar.istio.io/inject", false},
	} {
		if got := isOfMesh(c.name, c.key); got != c.want {
			t.Errorf("%s with the key %s: %v, want %v", c.name, c.key, got, c.want)
		}
	}
}

func TestPodSecurity(t *testing.T) {
	config, err := webhook.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	namespace := func(name, level string) corev1.Namespace {
		labels := map[string]string{"istio-injection": "enabled"}
		if level != "" {
			labels["pod-security.kubernetes.io/enforce"] = level
		}
		return corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	}
	without := namespace("without", "restricted")
	delete(without.Labels, "istio-injection")
	mild := namespace("mild", "restricted")
	mild.Annotations = map[string]string{"sidecar.istio.io/interceptionMode": "NONE"}
	all := []corev1.Namespace{without, namespace("open", ""), namespace("privileged", "privileged"), mild, namespace("shop", "baseline")}
	report := &Report{OK: true}
	checkPodSecurity(report.section(groupPods), config, optedIn(config, all))
	if got := report.Checks[0]; got.Status != Failed || !strings.Contains(got.Message, "they enforce: shop (baseline). Such a pod is refused: ") {
		t.Errorf("got %+v", got)
	}
	report = &Report{OK: true}
	checkPodSecurity(report.section(groupPods), config, optedIn(config, all[:4]))
	if got := report.Checks[0]; got.Status != OK || got.Message != "namespaces that opted in: 3; none refuses injected pods by Pod Security" {
		t.Errorf("got %+v", got)
	}
}

// TestOptedIn: whose namespaces are, by their labels and the names of the injector.
func TestOptedIn(t *testing.T) {
	labelled := func(name string, labels map[string]string) corev1.Namespace {
		return corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	}
	all := []corev1.Namespace{
		labelled("none", nil), labelled("enabled", map[string]string{"istio-injection": "enabled"}), labelled("canary", map[string]string{"istio.io/rev": "canary"}),
		labelled("both", map[string]string{"istio-injection": "enabled", "istio.io/rev": "canary"}), labelled("off", map[string]string{"istio-injection": "disabled", "istio.io/rev": "canary"}),
	}
	for revision, want := range map[string][]string{"default": {"enabled"}, "canary": {"canary", "both"}, "blue": nil} {
		config, err := webhook.Parse([]byte("revision: "+revision+"\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, namespace := range optedIn(config, all) {
			got = append(got, namespace.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("of %s (-want +got):\n%s", revision, diff)
		}
	}
}
