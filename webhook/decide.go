package webhook

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Reason is why a pod is injected or skipped: a short word that is stable, for metrics, audit logs and scripts.
type Reason string

// The reasons of decisions, in the order of the rules of Decide.
const (
	ReasonMirrorPod          Reason = "mirror_pod"
	ReasonWindowsPod         Reason = "windows_pod"
	ReasonHostNetwork        Reason = "host_network"
	ReasonExcludedNamespace  Reason = "excluded_namespace"
	ReasonLabelFalse         Reason = "opted_out_by_label"
	ReasonLabelTrue          Reason = "asked_by_label"
	ReasonAnnotationFalse    Reason = "opted_out_by_annotation"
	ReasonAnnotationTrue     Reason = "asked_by_annotation"
	ReasonInvalidValue       Reason = "invalid_value"
	ReasonNotRequested       Reason = "not_requested"
	ReasonNeverSelector      Reason = "never_inject_selector"
	ReasonAlwaysSelector     Reason = "always_inject_selector"
	ReasonNamespaceLabel     Reason = "namespace_opted_in"
	ReasonNamespaceFalse     Reason = "namespace_opted_out"
	ReasonDefault            Reason = "default"
	ReasonRevision           Reason = "asked_by_revision"
	ReasonPolicyDisabled     Reason = "policy_disabled"
	ReasonInjectedByOther    Reason = "injected_by_other"
	mirrorPodAnnotation             = corev1.MirrorPodAnnotationKey
	operatingSystemNodeLabel        = corev1.LabelOSStable
)

// Decision is whether a pod is injected, and why.
type Decision struct {
	// Inject is true if the pod gets its sidecar.
	Inject bool
	// Reason is the one rule that decided.
	Reason Reason
	// Detail says it in a sentence for people.
	Detail string
	// Refuse is true if the pod is neither injected nor let in without: what it asks is not understood.
	Refuse bool
	// Warn is true if somebody has to act: the pod asks for something that it does not get, or not as it was meant.
	Warn bool
	// Injector names the other injector whose proxy the pod has, if the reason is injected_by_other.
	Injector string
}

// Namespace is what a decision needs to know of the pod's namespace.
type Namespace struct {
	Name string
	// OptedIn says that the namespace's label asks for injection of all its pods.
	OptedIn bool
	// ByRevision says that the pod or its namespace names this injector, which asks for injection too; OptedIn is true then.
	ByRevision bool
	// Annotations are the namespace's, read for Trigger.NamespaceAnnotation alone, and where it has not opted in by its label.
	Annotations map[string]string
	// Every says that the pod came by the entry for pods of every namespace, to which Policy.InjectByDefault applies.
	Every bool
}

// Policy is what an operator configured of decisions. The zero value injects no namespace by default and knows no
// keys; Parse makes useful ones. It must not be changed while it is in use.
type Policy struct {
	// Keys are the labels and annotations that speak of injection, Trigger the words in which they do.
	Keys    templates.Keys
	Trigger templates.Trigger
	// OtherInjectors says how pods of other injectors are recognised, by the injector's name.
	OtherInjectors map[string]templates.InjectorMark
	// Enabled says whether pods that say nothing are injected in namespaces that opted in.
	Enabled bool
	// InjectByDefault injects pods about which neither they nor their namespace say anything, where the webhook configuration
	// has the entry for pods of every namespace.
	InjectByDefault bool
	// EveryPod says that it has that entry.
	EveryPod bool
	// Revisions are the names of this injector, by which pods and namespaces choose among several.
	Revisions []string
	// ExcludedNamespaces are never injected. If AllowedNamespaces is not empty, no other namespaces are.
	ExcludedNamespaces, AllowedNamespaces []string
	// Never and Always select pods, in namespaces that opted in, by their labels. Never comes first.
	Never, Always []labels.Selector
}

// DefaultRevision is the injector's name for pods that name none.
const DefaultRevision = "default"

// Decide says whether the pod is injected. It is a pure function; the pod is not changed. The first rule that
// applies decides; Trace tells what each of them says.
//
//	rule  the pod                                                     decision  reason
//	1     is a static pod's mirror                                    skip      mirror_pod
//	2     runs on Windows                                             skip      windows_pod
//	3     uses the host's network                                     skip      host_network
//	4     is in an excluded namespace                                 skip      excluded_namespace
//	5     has the inject label: "true" / "false"                      …         asked_by_label / opted_out_by_label
//	6     has no such label, the annotation: "true" / "false"         …         asked_by_annotation / opted_out_by_annotation
//	7     has another value there, its namespace has not opted in     skip      invalid_value
//	8     makes no request itself, its namespace has not opted in     skip      not_requested, namespace_opted_out, invalid_value
//	9     matches a never-inject selector                             skip      never_inject_selector
//	10    matches an always-inject selector                           inject    always_inject_selector
//	11    has another value there, the policy is enabled              inject    invalid_value
//	12    makes no request itself, the policy is enabled              inject    namespace_opted_in, asked_by_revision, default
//	13    all else: the policy is disabled                            skip      policy_disabled
//	14    would be injected, but another injector's proxy is there    skip      injected_by_other
//
// The words and places are Istio's here, which is the default; a profile's Trigger has others. With its Invalid, rule 7 is for
// namespaces that opted in too, and may refuse the pod.
//
// The order of 3 to 12 is that of Istio's injector; there, an invalid value is silently no value at all. A pod that
// carries our own sidecar is decided like any other: injecting it again changes nothing, or completes it.
func Decide(pod *corev1.Pod, namespace Namespace, policy *Policy) Decision {
	_, decision := newSubject(pod, namespace, policy).decide()
	return decision
}

// decide returns what the rule that decides says, and the rule's index.
func (s *subject) decide() (by int, decision Decision) {
	for i := range rules {
		if rules[i].applies(s) {
			by, decision = i, rules[i].decide(s)
			break
		}
	}
	// The last rule is about pods that would be injected.
	if last := len(rules) - 1; decision.Inject && rules[last].applies(s) {
		by, decision = last, rules[last].decide(s)
	}
	return by, decision
}

// Step is one rule of Decide and what it says of a pod.
type Step struct {
	// Rule is the rule's number in the table of Decide, from 1, and When what it asks, in words.
	Rule int    `json:"rule"`
	When string `json:"when"`
	// Saw is what the rule looked at, for people.
	Saw string `json:"saw"`
	// Applies says that the rule would decide if no rule before it did, with Inject and Reason then.
	Applies bool   `json:"applies"`
	Inject  bool   `json:"inject,omitempty"`
	Reason  Reason `json:"reason,omitempty"`
	// Injector names the other injector whose proxy the rule found.
	Injector string `json:"injector,omitempty"`
	// Decided marks the one rule that did decide.
	Decided bool `json:"decided,omitempty"`
}

// Trace is Decide with what every rule saw and said, in order of precedence. It takes longer.
func Trace(pod *corev1.Pod, namespace Namespace, policy *Policy) (Decision, []Step) {
	s := newSubject(pod, namespace, policy)
	by, decision := s.decide()
	steps := make([]Step, len(rules))
	allowed := policy.Trigger.Allowed()
	for i := range rules {
		step := Step{Rule: i + 1, When: strings.ReplaceAll(rules[i].when, "%s", allowed), Saw: rules[i].saw(s), Applies: rules[i].applies(s), Decided: i == by}
		if step.Applies {
			says := rules[i].decide(s)
			step.Inject, step.Reason, step.Injector = says.Inject, says.Reason, says.Injector
		}
		steps[i] = step
	}
	return decision, steps
}
