package explain

import (
	"bytes"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// History is what a cluster shows of the past. The zero value shows nothing.
type History struct {
	// Configuration is the webhook configuration, and Deployment the injector's; each may be nil.
	Configuration *admissionregistrationv1.MutatingWebhookConfiguration
	Deployment    *appsv1.Deployment
	// Namespaces are the live namespaces' metadata, with managedFields, by name.
	Namespaces map[string]*metav1.ObjectMeta
}

// whyMissing says how a pod came to be without a sidecar that it would get now: the first of what the cluster shows that
// explains it.
func (h *History) whyMissing(pod *metav1.ObjectMeta, keys *templates.Keys) string {
	created := pod.CreationTimestamp
	if created.IsZero() {
		return ""
	}
	at := func(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }
	if h.Configuration != nil && created.Before(&h.Configuration.CreationTimestamp) {
		return fmt.Sprintf("it was created (%s) before the injector was installed (%s)", at(created), at(h.Configuration.CreationTimestamp))
	}
	if namespace := h.Namespaces[pod.Namespace]; namespace != nil {
		if since, ok := setAt(namespace, "f:labels", keys.NamespaceLabel); ok && created.Before(&since) {
			return fmt.Sprintf("it was created (%s) before the namespace got its label %s (%s)", at(created), keys.NamespaceLabel, at(since))
		}
	}
	for _, field := range []string{"f:labels", "f:annotations"} {
		if since, ok := setAt(pod, field, keys.Inject); ok && created.Before(&since) {
			return fmt.Sprintf("it was created (%s) before it asked for a sidecar (%s)", at(created), at(since))
		}
	}
	if since, ok := changedAt(h.Configuration); ok && created.Before(&since) {
		return fmt.Sprintf("it was created (%s) before the webhook configuration was changed last (%s)", at(created), at(since))
	}
	if ignoresFailure(h.Configuration) {
		if since, ok := h.availableSince(); ok && created.Before(&since) {
			return fmt.Sprintf("it was created (%s) before the injector was available (since %s), and failurePolicy Ignore lets pods in then", at(created), at(since))
		}
		return "failurePolicy Ignore lets pods in when the injector cannot be reached; the cluster does not show whether that was so"
	}
	return "the cluster does not show why; its configuration may have been another one then"
}

// setAt returns when a label or annotation was set last, if managedFields tell.
func setAt(meta *metav1.ObjectMeta, field, key string) (metav1.Time, bool) {
	var last metav1.Time
	for _, entry := range meta.ManagedFields {
		if entry.Time == nil || entry.FieldsV1 == nil || !bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte(`"f:`+key+`"`)) || !bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte(field)) {
			continue
		}
		if last.Before(entry.Time) {
			last = *entry.Time
		}
	}
	return last, !last.IsZero()
}

// changedAt returns when somebody other than who keeps caBundle changed the configuration last.
func changedAt(configuration *admissionregistrationv1.MutatingWebhookConfiguration) (metav1.Time, bool) {
	var last metav1.Time
	if configuration == nil {
		return last, false
	}
	for _, entry := range configuration.ManagedFields {
		if entry.Time == nil || entry.FieldsV1 == nil || !bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte("f:rules")) {
			continue
		}
		if last.Before(entry.Time) {
			last = *entry.Time
		}
	}
	return last, !last.IsZero()
}

func ignoresFailure(configuration *admissionregistrationv1.MutatingWebhookConfiguration) bool {
	if configuration == nil {
		return false
	}
	for _, entry := range configuration.Webhooks {
		if entry.FailurePolicy != nil && *entry.FailurePolicy == admissionregistrationv1.Ignore {
			return true
		}
	}
	return false
}

func (h *History) availableSince() (metav1.Time, bool) {
	if h.Deployment == nil {
		return metav1.Time{}, false
	}
	for _, condition := range h.Deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime, true
		}
	}
	return metav1.Now(), true
}
