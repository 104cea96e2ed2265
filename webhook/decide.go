package webhook

import (
	"fmt"
	"maps"
	"slices"

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
	// Warn is true if somebody has to act: the pod asks for something that it does not get, or not as it was meant.
	Warn bool
}

// Namespace is what a decision needs to know of the pod's namespace.
type Namespace struct {
	Name string
	// OptedIn says that the namespace's label asks for injection of all its pods.
	OptedIn bool
}

// Policy is what an operator configured of decisions. The zero value injects no namespace by default and knows no
// keys; Parse makes useful ones. It must not be changed while it is in use.
type Policy struct {
	// Keys are the labels and annotations that speak of injection.
	Keys templates.Keys
	// OtherInjectors says how pods of other injectors are recognised, by the injector's name.
	OtherInjectors map[string]templates.InjectorMark
	// Enabled says whether pods that say nothing are injected in namespaces that opted in.
	Enabled bool
	// ExcludedNamespaces are never injected.
	ExcludedNamespaces []string
	// Never and Always select pods, in namespaces that opted in, by their labels. Never comes first.
	Never, Always []labels.Selector
}

// Decide says whether the pod is injected. It is a pure function; the pod is not changed. The first rule that
// applies decides:
//
//	rule  the pod                                                     decision  reason
//	1     is a static pod's mirror                                    skip      mirror_pod
//	2     runs on Windows                                             skip      windows_pod
//	3     uses the host's network                                     skip      host_network
//	4     is in an excluded namespace                                 skip      excluded_namespace
//	5     has the inject label: "true" / "false"                      …         asked_by_label / opted_out_by_label
//	6     has no such label, the annotation: "true" / "false"         …         asked_by_annotation / opted_out_by_annotation
//	7     has another value there, its namespace has not opted in     skip      invalid_value
//	8     says nothing, its namespace has not opted in                skip      not_requested
//	9     matches a never-inject selector                             skip      never_inject_selector
//	10    matches an always-inject selector                           inject    always_inject_selector
//	11    has another value there, the policy is enabled              inject    invalid_value
//	12    says nothing, the policy is enabled                         inject    namespace_opted_in
//	13    all else: the policy is disabled                            skip      policy_disabled
//	14    would be injected, but another injector's proxy is there    skip      injected_by_other
//
// The order of 3 to 12 is that of Istio's injector; there, an invalid value is silently no value at all. A pod that
// carries our own sidecar is decided like any other: injecting it again changes nothing, or completes it.
func Decide(pod *corev1.Pod, namespace Namespace, policy *Policy) Decision {
	decision := decide(pod, namespace, policy)
	if !decision.Inject {
		return decision
	}
	for _, injector := range slices.Sorted(maps.Keys(policy.OtherInjectors)) {
		mark := policy.OtherInjectors[injector]
		_, marked := pod.Annotations[mark.Annotation]
		if _, ours := pod.Annotations[mark.Unless]; marked && !ours && hasContainer(pod, mark.Container) {
			return Decision{Reason: ReasonInjectedByOther, Detail: fmt.Sprintf("the pod has the container %q of another injector, %s", mark.Container, injector)}
		}
	}
	return decision
}

func decide(pod *corev1.Pod, namespace Namespace, policy *Policy) Decision {
	request := requestOf(pod, policy.Keys.Inject)
	asked := request.value != "" && request.value != "false"
	if _, mirror := pod.Annotations[mirrorPodAnnotation]; mirror {
		return Decision{Reason: ReasonMirrorPod, Detail: "the pod is the mirror of a static pod, which runs as it is"}
	}
	if isWindows(pod) {
		return Decision{Reason: ReasonWindowsPod, Detail: "the pod runs on Windows, for which there is no sidecar", Warn: asked}
	}
	if pod.Spec.HostNetwork {
		return Decision{Reason: ReasonHostNetwork, Detail: "the pod uses the host's network: redirecting its traffic would redirect the node's", Warn: asked}
	}
	if slices.Contains(policy.ExcludedNamespaces, namespace.Name) {
		return Decision{Reason: ReasonExcludedNamespace, Detail: fmt.Sprintf("the namespace %q is excluded from injection", namespace.Name), Warn: asked}
	}
	invalid := false
	switch {
	case request.value == "true":
		return Decision{Inject: true, Reason: request.yes, Detail: request.String()}
	case request.value == "false":
		return Decision{Reason: request.no, Detail: request.String()}
	case request.set:
		invalid = true
	}
	return decideByNamespace(pod, namespace, policy, invalid, request)
}

// decideByNamespace is for pods that have not said a valid word themselves.
func decideByNamespace(pod *corev1.Pod, namespace Namespace, policy *Policy, invalid bool, request request) Decision {
	problem := request.String() + `, want "true" or "false"`
	switch {
	case invalid && !namespace.OptedIn:
		return Decision{Reason: ReasonInvalidValue, Detail: problem + ": the pod is not injected", Warn: true}
	case !namespace.OptedIn:
		return Decision{Reason: ReasonNotRequested, Detail: "neither the pod nor its namespace asks for injection"}
	case matches(policy.Never, pod):
		return Decision{Reason: ReasonNeverSelector, Detail: "the pod's labels match neverInjectSelector", Warn: invalid}
	case matches(policy.Always, pod):
		return Decision{Inject: true, Reason: ReasonAlwaysSelector, Detail: "the pod's labels match alwaysInjectSelector", Warn: invalid}
	case invalid && policy.Enabled:
		return Decision{Inject: true, Reason: ReasonInvalidValue, Detail: problem + ": the pod is injected because its namespace opted in", Warn: true}
	case policy.Enabled:
		return Decision{Inject: true, Reason: ReasonNamespaceLabel, Detail: fmt.Sprintf("the namespace %q opted in by its label %s=%s",
			namespace.Name, policy.Keys.NamespaceLabel, policy.Keys.NamespaceLabelValue)}
	default:
		return Decision{Reason: ReasonPolicyDisabled, Detail: "the policy is disabled: only pods that ask for themselves are injected", Warn: invalid}
	}
}

// request is what a pod itself says of its injection: its label, or, if it has no such label, its annotation.
type request struct {
	kind, key, value string
	set              bool
	yes, no          Reason
}

func requestOf(pod *corev1.Pod, key string) request {
	if value, set := pod.Labels[key]; set {
		return request{"label", key, value, true, ReasonLabelTrue, ReasonLabelFalse}
	}
	value, set := pod.Annotations[key]
	return request{"annotation", key, value, set, ReasonAnnotationTrue, ReasonAnnotationFalse}
}

func (r request) String() string {
	return fmt.Sprintf("the pod's %s %s is %q", r.kind, r.key, r.value)
}

func isWindows(pod *corev1.Pod) bool {
	return pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows || pod.Spec.NodeSelector[operatingSystemNodeLabel] == string(corev1.Windows)
}

func hasContainer(pod *corev1.Pod, name string) bool {
	named := func(c corev1.Container) bool { return c.Name == name }
	return slices.ContainsFunc(pod.Spec.InitContainers, named) || slices.ContainsFunc(pod.Spec.Containers, named)
}

func matches(selectors []labels.Selector, pod *corev1.Pod) bool {
	return slices.ContainsFunc(selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(pod.Labels)) })
}
