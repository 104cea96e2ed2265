package cluster_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

func TestExample(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	file := filepath.Join(shared.Repository, "examples", "myapp.yaml")
	if _, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "apply", "-f", file); err != nil {
		t.Fatal(err)
	}
	pods := waitForPods(t, namespace, "app=myapp", 2)
	if len(pods) != 2 {
		t.Errorf("%d pods, want 2", len(pods))
	}
	for i := range pods {
		checkInjected(t, &pods[i])
	}
}

// TestNewNamespace creates pods in namespaces that are as young as can be. An
// injector that looks their labels up in a cache would miss some.
func TestNewNamespace(t *testing.T) {
	t.Parallel()
	for range 10 {
		namespace := newNamespace(t, injecting)
		checkInjected(t, mustCreate(t, newPod(namespace)))
	}
}

func TestGenerateName(t *testing.T) {
	t.Parallel()
	for sentence, labels := range map[string]map[string]string{"by namespace": injecting, "by annotation": nil} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			pod := newPod(newNamespace(t, labels), asks)
			pod.Name, pod.GenerateName = "", "generated-"
			checkInjected(t, mustCreate(t, pod))
		})
	}
}

// decisionCase is a pod, where it is created, and what shall be decided.
type decisionCase struct {
	namespaceLabels map[string]string
	namespace       string // instead of a new one
	tweaks          []tweak
	inject          bool
	reason          webhook.Reason // notCalled: the API server does not ask
	warning         string
}

// TestDecisions are the decisions with the chart's webhook configuration: what
// its selectors and conditions let through, and what the injector then says.
func TestDecisions(t *testing.T) {
	t.Parallel()
	if err := shared.CreateNamespace(t.Context(), excludedNamespace, nil); err != nil {
		t.Fatal(err)
	}
	labelled := func(tweaks ...tweak) decisionCase {
		return decisionCase{namespaceLabels: injecting, tweaks: tweaks}
	}
	plain := func(tweaks ...tweak) decisionCase { return decisionCase{tweaks: tweaks} }
	in := func(namespace string, c decisionCase) decisionCase { c.namespace = namespace; return c }
	inject := func(c decisionCase, reason webhook.Reason) decisionCase {
		c.inject, c.reason = true, reason
		return c
	}
	skip := func(c decisionCase, reason webhook.Reason) decisionCase { c.reason = reason; return c }
	warn := func(c decisionCase, text string) decisionCase { c.warning = text; return c }

	for sentence, c := range map[string]decisionCase{
		"a pod that says nothing is left alone":                        skip(plain(), notCalled),
		"an annotation is enough":                                      inject(plain(asks), webhook.ReasonAnnotationTrue),
		"a label is enough":                                            inject(plain(label(injectKey, "true")), webhook.ReasonLabelTrue),
		"a label true beats an annotation false":                       inject(plain(label(injectKey, "true"), annotation(injectKey, "false")), webhook.ReasonLabelTrue),
		"a label false beats an annotation true":                       skip(plain(label(injectKey, "false"), asks), notCalled),
		"an annotation that is neither true nor false":                 warn(skip(plain(annotation(injectKey, "yes")), webhook.ReasonInvalidValue), `"yes"`),
		"an empty label is a value, and hides the annotation":          warn(skip(plain(label(injectKey, ""), asks), webhook.ReasonInvalidValue), `""`),
		"a labelled namespace is enough":                               inject(labelled(), webhook.ReasonNamespaceLabel),
		"opt-out by annotation in a labelled namespace":                skip(labelled(annotation(injectKey, "false")), notCalled),
		"opt-out by label in a labelled namespace":                     skip(labelled(label(injectKey, "false")), notCalled),
		"a label true beats an annotation false, namespace labelled":   inject(labelled(label(injectKey, "true"), annotation(injectKey, "false")), webhook.ReasonLabelTrue),
		"a label false beats an annotation true, namespace labelled":   skip(labelled(label(injectKey, "false"), asks), notCalled),
		"an invalid value in a labelled namespace":                     warn(inject(labelled(annotation(injectKey, "maybe")), webhook.ReasonInvalidValue), `"maybe"`),
		"a labelled namespace and an annotation too":                   inject(labelled(asks), webhook.ReasonAnnotationTrue),
		"a namespace that is labelled, but not enabled":                skip(decisionCase{namespaceLabels: map[string]string{namespaceKey: "disabled"}, tweaks: []tweak{asks}}, notCalled),
		"a never-inject selector":                                      skip(labelled(label(neverLabel, "yes")), webhook.ReasonNeverSelector),
		"a pod that asks beats a never-inject selector":                inject(labelled(label(neverLabel, "yes"), asks), webhook.ReasonAnnotationTrue),
		"an always-inject selector":                                    inject(labelled(label(alwaysLabel, "yes")), webhook.ReasonAlwaysSelector),
		"a selector does nothing outside labelled namespaces":          skip(plain(label(alwaysLabel, "yes")), notCalled),
		"a host-network pod that says nothing in a labelled namespace": skip(labelled(hostNetwork), notCalled),
		"a host-network pod that asks":                                 warn(skip(plain(hostNetwork, asks), webhook.ReasonHostNetwork), "host's network"),
		"a host-network pod that asks in a labelled namespace":         warn(skip(labelled(hostNetwork, asks), webhook.ReasonHostNetwork), "host's network"),
		"a Windows pod that asks, by its operating system":             skip(plain(windows, asks), notCalled),
		"a Windows pod in a labelled namespace, by its node selector":  skip(labelled(windowsNode), notCalled),
		"a mirror pod in a labelled namespace":                         skip(labelled(mirror), notCalled),
		"a namespace that the configuration excludes":                  warn(in(excludedNamespace, skip(plain(asks), webhook.ReasonExcludedNamespace)), "excluded"),
		"kube-system":                  in(metav1.NamespaceSystem, skip(plain(asks), notCalled)),
		"kube-public":                  in(metav1.NamespacePublic, skip(plain(asks), notCalled)),
		"kube-node-lease":              in(corev1.NamespaceNodeLease, skip(plain(asks), notCalled)),
		"the injector's own namespace": in(cluster.Release, skip(plain(asks), notCalled)),
		"cert-manager's namespace":     in("cert-manager", skip(plain(asks), notCalled)),
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			entry := podWebhook
			if c.namespaceLabels[namespaceKey] == "enabled" {
				entry = spaceWebhook
			}
			checkExplained(t, checkDecision(t, c, entry), c)
		})
	}
}

// TestHandlerDecisions are the skips that the chart's conditions never let
// through to the injector. Here webhook configurations without conditions ask it
// about everything: it must say the same.
func TestHandlerDecisions(t *testing.T) {
	t.Parallel()
	unfiltered := map[string]map[string]string{}
	for _, scope := range []webhook.Scope{webhook.ScopePod, webhook.ScopeNamespace} {
		unfiltered[string(scope)] = unconditional(t, scope)
	}
	for sentence, c := range map[string]struct {
		scope  webhook.Scope
		tweaks []tweak
		reason webhook.Reason
	}{
		"says nothing":                         {webhook.ScopePod, nil, webhook.ReasonNotRequested},
		"opts out by annotation":               {webhook.ScopeNamespace, []tweak{annotation(injectKey, "false")}, webhook.ReasonAnnotationFalse},
		"opts out by label":                    {webhook.ScopeNamespace, []tweak{label(injectKey, "false"), asks}, webhook.ReasonLabelFalse},
		"mirror pod":                           {webhook.ScopeNamespace, []tweak{mirror}, webhook.ReasonMirrorPod},
		"Windows pod by its operating system":  {webhook.ScopeNamespace, []tweak{windows}, webhook.ReasonWindowsPod},
		"Windows pod by its node selector":     {webhook.ScopePod, []tweak{windowsNode}, webhook.ReasonWindowsPod},
		"host-network pod that says nothing":   {webhook.ScopeNamespace, []tweak{hostNetwork}, webhook.ReasonHostNetwork},
		"never-inject selector, namespace not": {webhook.ScopePod, []tweak{label(neverLabel, "yes")}, webhook.ReasonNotRequested},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			checkDecision(t, decisionCase{namespaceLabels: unfiltered[string(c.scope)], tweaks: c.tweaks, reason: c.reason}, "everything.example.com")
		})
	}
}

func checkDecision(t *testing.T, c decisionCase, entry string) *corev1.Pod {
	t.Helper()
	namespace := c.namespace
	if namespace == "" {
		namespace = newNamespace(t, c.namespaceLabels)
	}
	pod := newPod(namespace, c.tweaks...)
	result := create(t, pod)
	if result.err != nil {
		t.Fatal(result.err)
	}
	if err := checkSidecar(result.pod, c.inject); err != nil {
		t.Error(err)
	}
	decision := "skip"
	if c.inject {
		decision = "inject"
	}
	checkReason(t, pod, entry, decision, string(c.reason))
	checkWarning(t, result.warnings, c.warning)
	return pod
}

// TestPolicyDisabled changes the configuration while the injector runs.
func TestPolicyDisabled(t *testing.T) {
	namespace := newNamespace(t, injecting)
	applyPolicy := func(policy string, want string) {
		t.Helper()
		if err := shared.ApplyChart(t.Context(), chart(policy)); err != nil {
			t.Fatal(err)
		}
		err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
			pod := mustCreate(t, newPod(namespace))
			admission, err := shared.Admission(t.Context(), namespace, pod.Name)
			if err != nil {
				return err
			}
			if got := admission.Webhooks[spaceWebhook]["reason"]; got != want {
				return fmt.Errorf("the reason is %q, want %q", got, want)
			}
			return checkSidecar(pod, policy == "enabled")
		})
		if err != nil {
			t.Errorf("policy %s: %v", policy, err)
		}
	}
	applyPolicy("disabled", string(webhook.ReasonPolicyDisabled))
	checkExplained(t, mustCreate(t, newPod(namespace)), decisionCase{reason: webhook.ReasonPolicyDisabled})
	checkInjected(t, mustCreate(t, newPod(namespace, asks)))
	if err := shared.ApplyChart(t.Context(), chart("nonsense")); err == nil || !strings.Contains(err.Error(), "at '/config/policy'") {
		t.Errorf("the chart takes the policy nonsense: %v", err)
	}
	applyPolicy("enabled", string(webhook.ReasonNamespaceLabel))
}

// unconditional makes a webhook configuration that asks the injector, at a
// scope's path, about every pod of namespaces with the returned labels. The
// chart's own entries do not match those.
func unconditional(t *testing.T, scope webhook.Scope) map[string]string {
	t.Helper()
	client := shared.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	chart, err := client.Get(t.Context(), cluster.Release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	url := "https://" + shared.WebhookAddress + scope.Path()
	selected := map[string]string{"cluster-test/unconditional": string(scope)}
	entry := chart.Webhooks[0]
	entry.Name = "everything.example.com"
	entry.ClientConfig = admissionv1.WebhookClientConfig{URL: &url, CABundle: entry.ClientConfig.CABundle}
	entry.NamespaceSelector = &metav1.LabelSelector{MatchLabels: selected}
	entry.MatchConditions = nil
	configuration := &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "unconditional-" + string(scope)},
		Webhooks:   []admissionv1.MutatingWebhook{entry},
	}
	labels := maps.Clone(selected)
	labels[namespaceKey] = "disabled"
	installWebhook(t, configuration, labels)
	return labels
}

func hostNetwork(pod *corev1.Pod) { pod.Spec.HostNetwork = true }

func windows(pod *corev1.Pod) { pod.Spec.OS = &corev1.PodOS{Name: corev1.Windows} }

func windowsNode(pod *corev1.Pod) {
	pod.Spec.NodeSelector = map[string]string{corev1.LabelOSStable: string(corev1.Windows)}
}

// mirror makes the pod look like a static pod's mirror, which has a node and no
// ServiceAccount.
func mirror(pod *corev1.Pod) {
	annotation(corev1.MirrorPodAnnotationKey, "hash")(pod)
	pod.Spec.NodeName = "mirror-node"
}
