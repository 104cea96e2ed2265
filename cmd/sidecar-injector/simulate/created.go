package simulate

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// AsCreated returns a copy of a stored pod without what the API server, the scheduler and, through the pod's status, the
// node wrote into it after admission, so that templates see what they saw when it was created.
func AsCreated(pod map[string]any) map[string]any {
	created := runtime.DeepCopyJSON(pod)
	delete(created, "status")
	if metadata, ok := created["metadata"].(map[string]any); ok {
		deleteLater(metadata)
		for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"} {
			delete(metadata, field)
		}
		labels, _ := metadata["labels"].(map[string]any)
		// A StatefulSet names its pods itself, though it gives a prefix too.
		if metadata["generateName"] != nil && (metadata["name"] == nil || labels[appsv1.StatefulSetPodNameLabel] != metadata["name"]) {
			delete(metadata, "name")
		}
	}
	if spec, ok := created["spec"].(map[string]any); ok {
		// What was asked for a certain node has its name before it is created; DaemonSets use an affinity.
		delete(spec, "nodeName")
	}
	return created
}

// deleteLater deletes the annotations that were written through a subresource, which a pod has no way to be created by:
// network plug-ins note a pod's addresses so.
func deleteLater(metadata map[string]any) {
	managers, _ := metadata["managedFields"].([]any)
	for _, manager := range managers {
		entry, _ := manager.(map[string]any)
		if through, _ := entry["subresource"].(string); through == "" {
			continue
		}
		fields, _, _ := unstructured.NestedMap(entry, "fieldsV1", "f:metadata", "f:annotations")
		annotations, _ := metadata["annotations"].(map[string]any)
		for field := range fields {
			delete(annotations, strings.TrimPrefix(field, "f:"))
		}
	}
}
