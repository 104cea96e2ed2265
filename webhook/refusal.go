package webhook

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Refusal is a pod that was refused because its injection failed.
type Refusal struct {
	// Namespace is the pod's, and of Owner too.
	Namespace string
	// Owner is the pod's controller, such as its ReplicaSet. Whoever created the pod wrote it: it may not exist.
	Owner metav1.OwnerReference
	// Err is what the API server was told. Its long values are cut; it may have control characters.
	Err error
}

// tellRefused tells Options.Refused of a pod that was refused. A dry run has no effects, and whoever
// creates a pod without a controller sees the error.
func (h *Handler) tellRefused(a *answer, req *admission.Request) {
	if h.refused == nil || a.err == nil || a.onError == onErrorAllow || a.owner == nil || ptr.Deref(req.DryRun, false) {
		return
	}
	h.refused(Refusal{Namespace: req.Namespace, Owner: *a.owner, Err: a.err})
}

// controllerOf returns the controller of a pod, nil if it has none.
func controllerOf(pod map[string]any) *metav1.OwnerReference {
	owners, _ := templates.Child(pod, "metadata")["ownerReferences"].([]any)
	for _, element := range owners {
		owner, _ := element.(map[string]any)
		if controls, _ := owner["controller"].(bool); !controls {
			continue
		}
		text := func(key string) string { value, _ := owner[key].(string); return value }
		return &metav1.OwnerReference{APIVersion: text("apiVersion"), Kind: text("kind"), Name: text("name"), UID: types.UID(text("uid"))}
	}
	return nil
}
