package explain

import (
	"fmt"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// History is what a cluster shows of the past. The zero value shows nothing.
type History struct {
	// Configuration is the webhook configuration, Deployment the injector's, and ConfigMap the metadata of the one that
	// it is configured by; each may be nil.
	Configuration *admissionregistrationv1.MutatingWebhookConfiguration
	Deployment    *appsv1.Deployment
	ConfigMap     *metav1.ObjectMeta
	// Namespaces are the live namespaces' metadata, with managedFields, by name.
	Namespaces map[string]*metav1.ObjectMeta
}

// whyMissing says how a pod came to be without a sidecar that it would get now, for the reason and by the entry. What
// the cluster proves is told alone, as a fact: that something came after the pod. Failing that, everything that it leaves
// open is told as possible.
func (h *History) whyMissing(pod *metav1.ObjectMeta, keys *templates.Keys, reason webhook.Reason, entry string) string {
	created := pod.CreationTimestamp
	if created.IsZero() {
		return ""
	}
	var possible []string
	if h.Configuration != nil && created.Before(&h.Configuration.CreationTimestamp) {
		return fmt.Sprintf("it was created (%s) before the injector's webhook configuration (%s)", at(created), at(h.Configuration.CreationTimestamp))
	}
	for _, asked := range h.askedBy(pod, keys, reason) {
		since, alone, known := setAt(asked.meta, asked.field, asked.key)
		switch {
		case !known || !created.Before(&since):
		case alone:
			return fmt.Sprintf("it was created (%s) before %s was set (%s)", at(created), asked.text, at(since))
		default:
			possible = append(possible, fmt.Sprintf("before %s was set (whoever set it changed something there at %s, perhaps that)", asked.text, at(since)))
		}
	}
	if since, ok := changedAt(h.Configuration); ok && created.Before(&since) {
		possible = append(possible, fmt.Sprintf("before the injector's webhook configuration was changed (last at %s)", at(since)))
	}
	if since, ok := ownedAt(h.ConfigMap, "data"); ok && created.Before(&since) {
		possible = append(possible, fmt.Sprintf("before the injector's ConfigMap %s/%s was changed (last at %s)", h.ConfigMap.Namespace, h.ConfigMap.Name, at(since)))
	}
	if ignoresFailure(h.Configuration, entry) {
		possible = append(possible, "while the injector could not be reached, as failurePolicy Ignore lets pods in then"+h.available(created))
	}
	if len(possible) == 0 {
		return "the cluster does not show why"
	}
	return fmt.Sprintf("the cluster does not show why; it may have been created (%s) %s", at(created), strings.Join(possible, ", or "))
}

// whyUnwanted says how a pod came to have a sidecar that it would not get now.
func (h *History) whyUnwanted(pod *metav1.ObjectMeta, keys *templates.Keys, reason webhook.Reason) string {
	created := pod.CreationTimestamp
	for _, refused := range h.askedBy(pod, keys, reason) {
		since, alone, known := setAt(refused.meta, refused.field, refused.key)
		if known && alone && created.Before(&since) {
			return fmt.Sprintf("it was created (%s) before %s was set (%s)", at(created), refused.text, at(since))
		}
	}
	return "it was created when it was to be injected, or was injected by hand"
}

func at(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }

// word is a label or annotation that a decision rests on.
type word struct {
	meta             *metav1.ObjectMeta
	field, key, text string
}

// askedBy returns what a reason rests on.
func (h *History) askedBy(pod *metav1.ObjectMeta, keys *templates.Keys, reason webhook.Reason) []word {
	label := word{pod, "labels", keys.Inject, "its label " + keys.Inject}
	annotation := word{pod, "annotations", keys.Inject, "its annotation " + keys.Inject}
	space := word{h.Namespaces[pod.Namespace], "labels", keys.NamespaceLabel, "the namespace's label " + keys.NamespaceLabel}
	switch reason {
	case webhook.ReasonLabelTrue, webhook.ReasonLabelFalse:
		return []word{label}
	case webhook.ReasonAnnotationTrue, webhook.ReasonAnnotationFalse:
		return []word{annotation}
	case webhook.ReasonNamespaceLabel, webhook.ReasonAlwaysSelector, webhook.ReasonInvalidValue:
		return []word{space}
	}
	return nil
}

// changedAt returns when somebody other than who keeps caBundle changed the configuration last.
func changedAt(configuration *admissionregistrationv1.MutatingWebhookConfiguration) (metav1.Time, bool) {
	if configuration == nil {
		return metav1.Time{}, false
	}
	return ownedAt(&configuration.ObjectMeta, "rules")
}

func ignoresFailure(configuration *admissionregistrationv1.MutatingWebhookConfiguration, name string) bool {
	if configuration == nil {
		return false
	}
	for _, entry := range configuration.Webhooks {
		if entry.Name == name {
			return entry.FailurePolicy != nil && *entry.FailurePolicy == admissionregistrationv1.Ignore
		}
	}
	return false
}

// available says what the injector's Deployment shows of the time when a pod was created, in brackets.
func (h *History) available(created metav1.Time) string {
	if h.Deployment == nil {
		return ""
	}
	for _, condition := range h.Deployment.Status.Conditions {
		if condition.Type != appsv1.DeploymentAvailable {
			continue
		}
		switch since := condition.LastTransitionTime; {
		case condition.Status != corev1.ConditionTrue:
			return fmt.Sprintf(" (it has not been available since %s)", at(since))
		case created.Before(&since):
			return fmt.Sprintf(" (it has been available since %s only)", at(since))
		}
	}
	return ""
}
