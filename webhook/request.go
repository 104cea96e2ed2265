package webhook

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// request is what a pod itself says of its injection: at the first of the trigger's places at which it says something.
type request struct {
	place      templates.Place
	key, value string
	word       templates.Word
	yes, no    Reason
}

func requestOf(pod *corev1.Pod, policy *Policy) request {
	r := request{key: policy.Keys.Inject}
	for _, place := range policy.Trigger.Places() {
		values, yes, no := pod.Annotations, ReasonAnnotationTrue, ReasonAnnotationFalse
		if place == templates.PlaceLabel {
			values, yes, no = pod.Labels, ReasonLabelTrue, ReasonLabelFalse
		}
		if value, set := values[r.key]; set {
			return request{place, r.key, value, policy.Trigger.Read(value), yes, no}
		}
	}
	return r
}

func (r request) byLabel() bool { return r.place == templates.PlaceLabel }

func (r request) String() string {
	if r.word == templates.Silent {
		return "the pod makes no request"
	}
	return fmt.Sprintf("the pod's %s %s is %q", r.place, r.key, r.value)
}

// asked says that the pod wants something that it does not get if it is skipped.
func (s *subject) asked() bool { return s.request.value != "" && !s.said(templates.No) }

// said says that the pod says this, spoke that it says yes or no, unclear that it says something else.
func (s *subject) said(word templates.Word) bool { return s.request.word == word }
func (s *subject) spoke() bool                   { return s.said(templates.Yes) || s.said(templates.No) }
func (s *subject) unclear() bool                 { return s.said(templates.Unclear) }

// optedIn says that the namespace asks for injection, by its label, its annotation, or because all do.
func (s *subject) optedIn() bool {
	word := s.namespaceWord()
	return s.namespace.OptedIn || word == templates.Yes || word == templates.Silent && s.policy.InjectByDefault && s.namespace.Every
}

// namespaceValue and namespaceWord are the namespace's annotation, and what it says.
func (s *subject) namespaceValue() string {
	return s.namespace.Annotations[s.policy.Trigger.NamespaceAnnotation]
}

func (s *subject) namespaceWord() templates.Word {
	value, set := s.namespace.Annotations[s.policy.Trigger.NamespaceAnnotation]
	if !set || s.policy.Trigger.NamespaceAnnotation == "" {
		return templates.Silent
	}
	return s.policy.Trigger.Read(value)
}
