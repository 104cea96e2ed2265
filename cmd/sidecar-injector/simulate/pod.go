package simulate

import (
	"encoding/json"
	"fmt"
	"hash/fnv"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// What a cluster would make up. Constants, so that a preview is the same each time.
const (
	// generatedUID stands for every UID.
	generatedUID = "00000000-0000-4000-8000-000000000000"
	// cronJobTime stands for the minute, counted from 1970, that ends the name of a CronJob's Job.
	cronJobTime = "29000000"
)

// owner is the object that makes a workload's pods, and what it adds to their metadata.
type owner struct {
	apiVersion, kind, name string
	labels                 map[string]string
	// podName is set where pods are numbered and not given a random name.
	podName string
}

// ownerOf tells who makes the pods: a Deployment lets a ReplicaSet do it, a CronJob a Job, all others do it themselves.
// Labels are those that the controllers add.
func ownerOf(w manifest.Workload) owner {
	self := owner{apiVersion: w.APIVersion, kind: w.Kind, name: w.Name}
	switch w.Kind {
	case "Deployment":
		hash := templateHash(w.Template)
		return owner{apiVersion: w.APIVersion, kind: "ReplicaSet", name: w.Name + "-" + hash,
			labels: map[string]string{"pod-template-hash": hash}}
	case "StatefulSet":
		self.podName = w.Name + "-0"
		self.labels = map[string]string{
			"apps.kubernetes.io/pod-index":       "0",
			"controller-revision-hash":           w.Name + "-" + templateHash(w.Template),
			"statefulset.kubernetes.io/pod-name": self.podName,
		}
	case "DaemonSet":
		self.labels = map[string]string{"controller-revision-hash": templateHash(w.Template), "pod-template-generation": "1"}
	case "CronJob":
		self = owner{apiVersion: w.APIVersion, kind: "Job", name: w.Name + "-" + cronJobTime}
		self.labels = jobLabels(self.name)
	case "Job":
		self.labels = jobLabels(w.Name)
	}
	return self
}

func jobLabels(job string) map[string]string {
	return map[string]string{
		"batch.kubernetes.io/controller-uid": generatedUID,
		"batch.kubernetes.io/job-name":       job,
		"controller-uid":                     generatedUID,
		"job-name":                           job,
	}
}

// templateHash has the look of the controllers' pod-template-hash. It is not the same number: they hash Go structs that
// differ between their versions.
func templateHash(template map[string]any) string {
	data, err := json.Marshal(template)
	if err != nil {
		return manifest.GeneratedSuffix // Not possible for decoded JSON; any text of this shape will do.
	}
	hash := fnv.New32a()
	_, _ = hash.Write(data)
	return rand.SafeEncodeString(fmt.Sprint(hash.Sum32()))
}

// PodOf makes the pod that is created from the workload in namespace: a new object, without nulls, as the API server
// would read it.
func PodOf(w manifest.Workload, namespace string) map[string]any {
	pod := map[string]any{}
	if len(w.Path) == 0 {
		pod = runtime.DeepCopyJSON(w.Template)
		metadata, _ := pod["metadata"].(map[string]any)
		metadata["namespace"] = namespace
	} else {
		pod["metadata"] = metadataOf(w, namespace)
		pod["spec"] = runtime.DeepCopyJSONValue(w.Template["spec"])
	}
	pod["apiVersion"], pod["kind"] = "v1", "Pod" // An item of a PodList may lack them.
	metadata, _ := pod["metadata"].(map[string]any)
	for _, field := range []string{"labels", "annotations"} {
		values, _ := metadata[field].(map[string]any)
		for key, value := range values {
			if value == nil {
				values[key] = "" // A string that is null is read as empty, not as absent.
			}
		}
	}
	dropNulls(pod)
	return pod
}

// metadataOf makes the metadata of a pod as the workload's controller does.
func metadataOf(w manifest.Workload, namespace string) map[string]any {
	made := ownerOf(w)
	metadata := map[string]any{
		"namespace":    namespace,
		"generateName": made.name + "-",
		"ownerReferences": []any{map[string]any{
			"apiVersion": made.apiVersion, "kind": made.kind, "name": made.name, "uid": generatedUID,
			"controller": true, "blockOwnerDeletion": true,
		}},
	}
	if made.podName != "" {
		metadata["name"] = made.podName
	}
	// Controllers take these three from a template's metadata and nothing else.
	source, _ := w.Template["metadata"].(map[string]any)
	for _, field := range []string{"labels", "annotations", "finalizers"} {
		if value := source[field]; value != nil {
			metadata[field] = runtime.DeepCopyJSONValue(value)
		}
	}
	if len(made.labels) == 0 {
		return metadata
	}
	labels, ok := metadata["labels"].(map[string]any)
	if !ok {
		labels = map[string]any{}
		metadata["labels"] = labels
	}
	for key, value := range made.labels {
		labels[key] = value
	}
	return metadata
}

// dropNulls removes fields that are null, at every depth, from a value that the caller owns.
func dropNulls(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			if field == nil {
				delete(value, key)
				continue
			}
			dropNulls(field)
		}
	case []any:
		for _, element := range value {
			dropNulls(element)
		}
	}
}
