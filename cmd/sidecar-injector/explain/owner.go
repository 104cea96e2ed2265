package explain

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/audit"
)

// owner is what a pod is made of: what people change to have another pod.
type owner struct {
	// kind and name are those of the workload, or of the pod itself if nobody made it. group is empty for the kinds of
	// Kubernetes.
	group, kind, name string
	// path leads to the pod template; a pod has none. field is the same as people write it.
	path  []string
	field string
	// live says that it is in the cluster, and object is it, if it is known.
	live   bool
	object map[string]any
}

// ownerOf returns the owner of a subject's pod: the workload, and of a live pod its controller.
func ownerOf(s *subject) owner {
	w := &s.workload
	m := owner{kind: w.Kind, name: w.Name, path: w.Path, field: w.FieldPath(), live: w.Document.Live != nil && len(w.Pointer) == 0}
	switch w.Group() {
	case "", "apps", "batch", "extensions":
	default:
		m.group = w.Group()
	}
	if !m.live {
		return m
	}
	m.object = w.Document.Live
	if len(w.Path) > 0 {
		return m
	}
	var pod corev1.Pod
	if metadata, _ := m.object["metadata"].(map[string]any); runtime.DefaultUnstructuredConverter.FromUnstructured(map[string]any{"metadata": metadata}, &pod) != nil {
		return m
	}
	made := audit.WorkloadOf(&pod)
	if made.Kind == m.kind {
		return m
	}
	m = owner{kind: made.Kind, name: made.Name, path: []string{"spec", "template"}, live: true}
	if controller := metav1.GetControllerOf(&pod); controller.Kind == made.Kind && !strings.HasPrefix(controller.APIVersion, "apps/") && strings.Contains(controller.APIVersion, ".") {
		m.group, _, _ = strings.Cut(controller.APIVersion, "/")
	}
	return m
}

// String names the pod or the template that it is made of.
func (m *owner) String() string {
	if len(m.path) == 0 {
		return "the pod"
	}
	return "the pod template of " + m.typed()
}

// typed is TYPE/NAME as kubectl takes it.
func (m *owner) typed() string {
	kind := strings.ToLower(m.kind)
	if m.group != "" {
		kind += "." + m.group
	}
	return kind + "/" + m.name
}

// rolls says that the workload replaces its pods when its template is changed.
func (m *owner) rolls() bool {
	return m.group == "" && (m.kind == "Deployment" || m.kind == "StatefulSet" || m.kind == "DaemonSet")
}

// patch is the command that sets a label or an annotation of the template, or removes it with the value nil; empty if
// there is none that helps. What is in files is changed there, and changing a pod that exists changes nothing.
func (m *owner) patch(kubectl, namespace, field, key string, value any) string {
	if !m.live || !m.rolls() && (m.group != "" || m.kind != "CronJob") {
		return ""
	}
	patch := map[string]any{"metadata": map[string]any{field: map[string]any{key: value}}}
	for i := len(m.path) - 1; i >= 0; i-- {
		patch = map[string]any{m.path[i]: patch}
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return "" // Not possible for strings.
	}
	return fmt.Sprintf("%s patch %s -n %s --type merge -p '%s'", kubectl, m.typed(), namespace, text)
}

// restart is the command that makes all its pods anew; empty if there is none.
func (m *owner) restart(kubectl, namespace string) string {
	if !m.live || !m.rolls() || m.paused() || m.onDelete() {
		return ""
	}
	return fmt.Sprintf("%s rollout restart %s -n %s", kubectl, m.typed(), namespace)
}

func (m *owner) paused() bool {
	paused, _, _ := unstructured.NestedBool(m.object, "spec", "paused")
	return m.kind == "Deployment" && paused
}

func (m *owner) onDelete() bool {
	strategy, _, _ := unstructured.NestedString(m.object, "spec", "updateStrategy", "type")
	return strategy == "OnDelete"
}

// renewal says how pods that exist come to be other ones.
func (m *owner) renewal(kubectl, namespace, pod string) *Renewal {
	command := m.restart(kubectl, namespace)
	switch {
	case command != "":
		return &Renewal{"Pods change only when they are made anew: restart the workload.", command}
	case m.paused():
		return &Renewal{"Pods change only when they are made anew. The rollout of " + m.typed() + " is paused: it makes new pods when it is resumed.", ""}
	case m.onDelete():
		return &Renewal{"Pods change only when they are made anew: " + m.typed() + " makes a new one when one is deleted (updateStrategy OnDelete).", ""}
	case len(m.path) == 0:
		return &Renewal{"Pods change only when they are made anew, and no controller makes this one: create it again from its manifest.", ""}
	case m.kind == "Job" || m.kind == "CronJob":
		return &Renewal{"Pods change only when they are made anew: those of the next Job will be other ones.", ""}
	case pod != "":
		return &Renewal{"Pods change only when they are made anew: " + m.typed() + " makes another when this one is deleted.", fmt.Sprintf("%s delete pod %s -n %s", kubectl, pod, namespace)}
	}
	return &Renewal{"Pods change only when they are made anew: " + m.typed() + " makes another when one is deleted.", ""}
}
