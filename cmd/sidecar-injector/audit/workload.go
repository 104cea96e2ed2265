package audit

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Workload is what made a pod: what people restart.
type Workload struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
}

// WorkloadOf returns what made a pod: its controller, of a ReplicaSet the Deployment, of none the pod itself.
func WorkloadOf(pod *corev1.Pod) Workload {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return Workload{pod.Namespace, "Pod", pod.Name}
	}
	hash := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if name, ok := strings.CutSuffix(owner.Name, "-"+hash); ok && owner.Kind == "ReplicaSet" && hash != "" {
		return Workload{pod.Namespace, "Deployment", name}
	}
	return Workload{pod.Namespace, owner.Kind, cmp.Or(owner.Name, pod.Name)}
}

// short names it within its namespace, as kubectl takes it.
func (w Workload) short() string { return strings.ToLower(w.Kind) + "/" + w.Name }

// restartable says that new pods are made of a changed pod template.
func (w Workload) restartable() bool { return objectOf(w.Kind) != nil }

// objectOf returns an empty object of a kind that can be restarted, nil for another.
func objectOf(kind string) client.Object {
	switch kind {
	case "Deployment":
		return &appsv1.Deployment{}
	case "StatefulSet":
		return &appsv1.StatefulSet{}
	case "DaemonSet":
		return &appsv1.DaemonSet{}
	}
	return nil
}

// podsOf returns the selector of a workload's pods, and the template that they are made of.
func podsOf(object client.Object) (*metav1.LabelSelector, *corev1.PodTemplateSpec) {
	switch object := object.(type) {
	case *appsv1.Deployment:
		return object.Spec.Selector, &object.Spec.Template
	case *appsv1.StatefulSet:
		return object.Spec.Selector, &object.Spec.Template
	case *appsv1.DaemonSet:
		return object.Spec.Selector, &object.Spec.Template
	}
	return nil, &corev1.PodTemplateSpec{}
}

// worst looks at the live pods of a workload that were made since it was last restarted, and returns the first finding
// that new pods would help, nil if there is none.
func (r *Restarter) worst(ctx context.Context, w Workload, object client.Object) (*Finding, error) {
	labels, template := podsOf(object)
	selector, err := metav1.LabelSelectorAsSelector(labels)
	if err != nil {
		return nil, fmt.Errorf("spec.selector: %w", err)
	}
	var found *Finding
	err = r.Pods(ctx, func(pods []corev1.Pod) error {
		for i := range pods {
			pod := &pods[i]
			if found != nil || ends(pod) || WorkloadOf(pod) != w || pod.Annotations[restartedAt] != template.Annotations[restartedAt] {
				continue
			}
			finding, _, err := r.Auditor.Look(ctx, pod)
			if err != nil {
				return err
			}
			if finding != nil && finding.Kind.restarts() {
				found = finding
			}
		}
		return nil
	}, client.InNamespace(w.Namespace), client.MatchingLabelsSelector{Selector: selector})
	if err != nil {
		return nil, fmt.Errorf("look at its pods: %w", err)
	}
	return found, nil
}
