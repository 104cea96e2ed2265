package check

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// way is one in which pods come to the sidecar of an injector.
type way struct {
	pods      string            // such pods, in words
	namespace map[string]string // labels of their namespace
	labels    map[string]any    // and of the pods
	annotated map[string]any    // and their annotations
}

// pod returns a pod that comes this way, if its namespace does too.
func (w *way) pod() map[string]any {
	pod := sample()
	if len(w.labels) > 0 {
		maps.Copy(pod.Labels(), w.labels)
	}
	if len(w.annotated) > 0 {
		maps.Copy(pod.Annotations(), w.annotated)
	}
	return pod
}

// byDefault says whether pods are an injector's that name none.
func byDefault(policy *webhook.Policy) bool {
	return policy.Keys.Revision == "" || slices.Contains(policy.Revisions, webhook.DefaultRevision)
}

// waysOf returns all ways to the sidecar of an injector.
func waysOf(config *webhook.Config) (ways []way) {
	policy := config.Policy()
	keys := policy.Keys
	if byDefault(policy) {
		ways = append(ways, way{
			pods:      fmt.Sprintf("pods of namespaces labelled %s=%s", keys.NamespaceLabel, keys.NamespaceLabelValue),
			namespace: map[string]string{keys.NamespaceLabel: keys.NamespaceLabelValue},
		})
		yes, _ := policy.Trigger.Words()
		for _, place := range policy.Trigger.Places() {
			asks, said := way{pods: fmt.Sprintf("pods with the %s %s", place, keys.Inject)}, map[string]any{keys.Inject: yes}
			if place == templates.PlaceLabel {
				asks.labels = said
			} else {
				asks.annotated = said
			}
			ways = append(ways, asks)
		}
	}
	if keys.Revision != "" {
		for _, name := range policy.Revisions {
			ways = append(ways, way{pods: fmt.Sprintf("pods labelled %s=%s", keys.Revision, name), labels: map[string]any{keys.Revision: name}})
		}
	}
	return ways
}

// optedIn returns the namespaces whose pods are an injector's if they say nothing.
func optedIn(config *webhook.Config, namespaces []corev1.Namespace) (found []corev1.Namespace) {
	policy := config.Policy()
	keys := policy.Keys
	for i := range namespaces {
		labels := namespaces[i].Labels
		revision, named := labels[keys.Revision]
		label := labels[keys.NamespaceLabel]
		mine := byDefault(policy) && label == keys.NamespaceLabelValue
		if named && keys.Revision != "" {
			mine = slices.Contains(policy.Revisions, revision) && (label == "" || label == keys.NamespaceLabelValue)
		}
		if mine && namespaces[i].DeletionTimestamp == nil {
			found = append(found, namespaces[i])
		}
	}
	return found
}
