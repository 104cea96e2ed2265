package webhook

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// rule is one line of the table of Decide.
type rule struct {
	// when is what the rule asks of a pod, in words that go on after "the pod:"; %s stands for the words of the trigger.
	when string
	// applies says whether the rule decides, provided that no rule before it did; decide then does.
	applies func(*subject) bool
	decide  func(*subject) Decision
	// saw is what the rule looked at, for people.
	saw func(*subject) string
}

// rules is the table of Decide, in order of precedence. One of those before the last applies to each pod. Nothing changes
// it.
var rules = []rule{
	{"it is the mirror of a static pod", (*subject).isMirror, (*subject).asMirror, (*subject).sawMirror},
	{"it runs on Windows", (*subject).isWindows, (*subject).asWindows, (*subject).sawSystem},
	{"it uses the host's network", (*subject).usesHostNetwork, (*subject).asHostNetwork, (*subject).sawHostNetwork},
	{"it is in an excluded namespace", (*subject).isExcluded, (*subject).asExcluded, (*subject).sawNamespace},
	{"its label is %s", (*subject).saysByLabel, (*subject).asItSays, (*subject).sawLabel},
	{"it has no such label, its annotation is %s", (*subject).saysByAnnotation, (*subject).asItSays, (*subject).sawAnnotation},
	{"it has another value there, its namespace has not opted in", (*subject).isUnclearAlone, (*subject).asUnclearAlone, (*subject).sawRequestAndNamespace},
	{"it makes no request itself, its namespace has not opted in", (*subject).isSilentAlone, (*subject).asSilentAlone, (*subject).sawRequestAndNamespace},
	{"it matches neverInjectSelector", (*subject).matchesNever, (*subject).asNever, (*subject).sawNever},
	{"it matches alwaysInjectSelector", (*subject).matchesAlways, (*subject).asAlways, (*subject).sawAlways},
	{"it has another value there, the policy is enabled", (*subject).isUnclear, (*subject).asUnclear, (*subject).sawRequestAndPolicy},
	{"it makes no request itself, the policy is enabled", (*subject).isSilent, (*subject).asSilent, (*subject).sawRequestAndPolicy},
	{"all else: the policy is disabled", (*subject).isDisabled, (*subject).asDisabled, (*subject).sawPolicy},
	{"it has another injector's proxy already", (*subject).isOthers, (*subject).asOthers, (*subject).sawOthers},
}

// subject is the pod that is decided about, and what the rules look at besides.
type subject struct {
	pod       *corev1.Pod
	namespace Namespace
	policy    *Policy
	request   request
}

func newSubject(pod *corev1.Pod, namespace Namespace, policy *Policy) *subject {
	return &subject{pod, namespace, policy, requestOf(pod, policy)}
}

func (s *subject) isMirror() bool {
	_, mirror := s.pod.Annotations[mirrorPodAnnotation]
	return mirror
}

func (s *subject) asMirror() Decision {
	return Decision{Reason: ReasonMirrorPod, Detail: "the pod is the mirror of a static pod, which runs as it is"}
}

func (s *subject) sawMirror() string {
	return s.present("annotation", mirrorPodAnnotation, s.isMirror())
}

func (s *subject) isWindows() bool {
	return s.pod.Spec.OS != nil && s.pod.Spec.OS.Name == corev1.Windows || s.pod.Spec.NodeSelector[operatingSystemNodeLabel] == string(corev1.Windows)
}

func (s *subject) asWindows() Decision {
	return Decision{Reason: ReasonWindowsPod, Detail: "the pod runs on Windows, for which there is no sidecar", Warn: s.asked()}
}

func (s *subject) sawSystem() string {
	name, selected := "not set", "not set"
	if s.pod.Spec.OS != nil {
		name = string(s.pod.Spec.OS.Name)
	}
	if value, set := s.pod.Spec.NodeSelector[operatingSystemNodeLabel]; set {
		selected = fmt.Sprintf("%q", value)
	}
	return fmt.Sprintf("spec.os.name is %s, the node selector %s is %s", name, operatingSystemNodeLabel, selected)
}

func (s *subject) usesHostNetwork() bool {
	return s.pod.Spec.HostNetwork && !s.policy.Trigger.HostNetwork
}

func (s *subject) asHostNetwork() Decision {
	return Decision{Reason: ReasonHostNetwork, Detail: "the pod uses the host's network: redirecting its traffic would redirect the node's", Warn: s.asked()}
}

func (s *subject) sawHostNetwork() string {
	return fmt.Sprintf("spec.hostNetwork is %t", s.pod.Spec.HostNetwork)
}

func (s *subject) isExcluded() bool {
	allowed := s.policy.AllowedNamespaces
	return slices.Contains(s.policy.ExcludedNamespaces, s.namespace.Name) || len(allowed) > 0 && !slices.Contains(allowed, s.namespace.Name)
}

func (s *subject) asExcluded() Decision {
	return Decision{Reason: ReasonExcludedNamespace, Detail: fmt.Sprintf("the namespace %q is excluded from injection", s.namespace.Name), Warn: s.asked()}
}

func (s *subject) sawNamespace() string {
	saw := fmt.Sprintf("the namespace is %q, excluded are %s", s.namespace.Name, strings.Join(s.policy.ExcludedNamespaces, ", "))
	if len(s.policy.AllowedNamespaces) > 0 {
		saw += ", allowed are " + strings.Join(s.policy.AllowedNamespaces, ", ")
	}
	return saw
}

func (s *subject) saysByLabel() bool { return s.spoke() && s.request.byLabel() }

func (s *subject) saysByAnnotation() bool { return s.spoke() && !s.request.byLabel() }

func (s *subject) asItSays() Decision {
	if s.said(templates.Yes) {
		return Decision{Inject: true, Reason: s.request.yes, Detail: s.request.String()}
	}
	return Decision{Reason: s.request.no, Detail: s.request.String()}
}

func (s *subject) sawLabel() string { return s.value("label", s.pod.Labels) }

func (s *subject) sawAnnotation() string { return s.value("annotation", s.pod.Annotations) }

func (s *subject) isUnclearAlone() bool {
	follows := cmp.Or(s.policy.Trigger.Invalid, templates.InvalidNamespace) == templates.InvalidNamespace
	return s.unclear() && (!follows || !s.optedIn())
}

func (s *subject) asUnclearAlone() Decision {
	if s.policy.Trigger.Invalid == templates.InvalidRefuse {
		return Decision{Refuse: true, Reason: ReasonInvalidValue, Detail: s.problem()}
	}
	return Decision{Reason: ReasonInvalidValue, Detail: s.problem() + ": the pod is not injected", Warn: true}
}

func (s *subject) isSilentAlone() bool { return s.said(templates.Silent) && !s.optedIn() }

func (s *subject) asSilentAlone() Decision {
	annotation := fmt.Sprintf("the annotation %s of the namespace %q is %q", s.policy.Trigger.NamespaceAnnotation, s.namespace.Name, s.namespaceValue())
	switch s.namespaceWord() {
	case templates.No:
		return Decision{Reason: ReasonNamespaceFalse, Detail: annotation}
	case templates.Unclear:
		return Decision{Reason: ReasonInvalidValue, Warn: true, Detail: annotation + ", want " + s.policy.Trigger.Allowed() + ": the pod is not injected"}
	}
	return Decision{Reason: ReasonNotRequested, Detail: "neither the pod nor its namespace asks for injection"}
}

func (s *subject) sawRequestAndNamespace() string {
	opted := "has not opted in"
	if s.optedIn() {
		opted = "opted in"
	}
	return fmt.Sprintf("%s, the namespace %q %s", s.request, s.namespace.Name, opted)
}

// The selectors count for pods that say neither yes nor no, in namespaces that opted in.
func (s *subject) matchesNever() bool  { return s.open() && matches(s.policy.Never, s.pod) }
func (s *subject) matchesAlways() bool { return s.open() && matches(s.policy.Always, s.pod) }
func (s *subject) open() bool          { return !s.spoke() && s.optedIn() }

func (s *subject) asNever() Decision {
	return Decision{Reason: ReasonNeverSelector, Detail: "the pod's labels match neverInjectSelector", Warn: s.unclear()}
}

func (s *subject) asAlways() Decision {
	return Decision{Inject: true, Reason: ReasonAlwaysSelector, Detail: "the pod's labels match alwaysInjectSelector", Warn: s.unclear()}
}

func (s *subject) sawNever() string  { return s.sawSelectors(s.policy.Never) }
func (s *subject) sawAlways() string { return s.sawSelectors(s.policy.Always) }

func (s *subject) isUnclear() bool { return s.open() && s.unclear() && s.policy.Enabled }

func (s *subject) asUnclear() Decision {
	return Decision{Inject: true, Reason: ReasonInvalidValue, Detail: s.problem() + ": the pod is injected because its namespace opted in", Warn: true}
}

func (s *subject) isSilent() bool { return s.open() && !s.unclear() && s.policy.Enabled }

func (s *subject) asSilent() Decision {
	if s.namespace.ByRevision {
		return Decision{Inject: true, Reason: ReasonRevision, Detail: fmt.Sprintf("the label %s of the pod or its namespace names this injector", s.policy.Keys.Revision)}
	}
	by := fmt.Sprintf("label %s=%s", s.policy.Keys.NamespaceLabel, s.policy.Keys.NamespaceLabelValue)
	switch {
	case s.namespace.OptedIn:
	case s.namespaceWord() == templates.Yes:
		by = fmt.Sprintf("annotation %s: %s", s.policy.Trigger.NamespaceAnnotation, s.namespaceValue())
	default:
		return Decision{Inject: true, Reason: ReasonDefault, Detail: "pods that say nothing are injected by default"}
	}
	return Decision{Inject: true, Reason: ReasonNamespaceLabel, Detail: fmt.Sprintf("the namespace %q opted in by its %s", s.namespace.Name, by)}
}

func (s *subject) sawRequestAndPolicy() string {
	return fmt.Sprintf("%s, %s", s.request, s.sawPolicy())
}

func (s *subject) isDisabled() bool { return !s.policy.Enabled }

func (s *subject) asDisabled() Decision {
	return Decision{Reason: ReasonPolicyDisabled, Detail: "the policy is disabled: only pods that ask for themselves are injected", Warn: s.unclear()}
}

func (s *subject) sawPolicy() string {
	if s.policy.Enabled {
		return "the policy is enabled"
	}
	return "the policy is disabled"
}

// otherInjector returns the name of an injector whose proxy the pod has, "" for none. A pod that is marked as our own
// work is ours.
func (s *subject) otherInjector() string {
	for _, injector := range slices.Sorted(maps.Keys(s.policy.OtherInjectors)) {
		mark := s.policy.OtherInjectors[injector]
		_, marked := s.pod.Annotations[mark.Annotation]
		if _, ours := s.pod.Annotations[mark.Unless]; marked && !ours && hasContainer(s.pod, mark.Container) {
			return injector
		}
	}
	return ""
}

func (s *subject) isOthers() bool { return s.otherInjector() != "" }

func (s *subject) asOthers() Decision {
	injector := s.otherInjector()
	return Decision{Reason: ReasonInjectedByOther, Injector: injector,
		Detail: fmt.Sprintf("the pod has the container %q of another injector, %s", s.policy.OtherInjectors[injector].Container, injector)}
}

func (s *subject) sawOthers() string {
	if s.isOthers() {
		return s.asOthers().Detail
	}
	return "no other injector's container and annotation"
}

func (s *subject) problem() string {
	return s.request.String() + ", want " + s.policy.Trigger.Allowed()
}

// value says what a label or annotation of the inject key holds.
func (s *subject) value(kind string, values map[string]string) string {
	value, set := values[s.policy.Keys.Inject]
	if !set {
		return s.present(kind, s.policy.Keys.Inject, false)
	}
	return fmt.Sprintf("the %s %s is %q", kind, s.policy.Keys.Inject, value)
}

func (s *subject) present(kind, key string, there bool) string {
	if there {
		return fmt.Sprintf("there is the %s %s", kind, key)
	}
	return fmt.Sprintf("there is no %s %s", kind, key)
}

func (s *subject) sawSelectors(selectors []labels.Selector) string {
	var texts []string
	for _, selector := range selectors {
		texts = append(texts, selector.String())
	}
	if len(texts) == 0 {
		return "no such selector is configured"
	}
	return fmt.Sprintf("the pod's labels are %s, the selectors %s", labels.Set(s.pod.Labels), strings.Join(texts, " or "))
}

func hasContainer(pod *corev1.Pod, name string) bool {
	named := func(c corev1.Container) bool { return c.Name == name }
	return slices.ContainsFunc(pod.Spec.InitContainers, named) || slices.ContainsFunc(pod.Spec.Containers, named)
}

func matches(selectors []labels.Selector, pod *corev1.Pod) bool {
	return slices.ContainsFunc(selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(pod.Labels)) })
}
