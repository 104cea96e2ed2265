package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// submission is a pod as it is sent to a webhook.
type submission struct {
	namespace string
	// pod is the pod in JSON.
	pod []byte
}

// submissionsOf returns the pods that the controllers of a file's workloads would create, in the file's order. Objects
// that have no pods are left out.
func submissionsOf(text []byte) ([]submission, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var all []submission
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("split into documents: %w", err)
		}
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil {
			return nil, fmt.Errorf("decode workload: %w", err)
		}
		found, err := submissionsOfObject(object)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
}

func submissionsOfObject(object map[string]any) ([]submission, error) {
	if object["kind"] == "List" {
		items, _, err := unstructured.NestedSlice(object, "items")
		if err != nil {
			return nil, err
		}
		var all []submission
		for _, item := range items {
			item, _ := item.(map[string]any)
			found, err := submissionsOfObject(item)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
		return all, nil
	}
	pod := podOf(object)
	if pod == nil {
		return nil, nil
	}
	namespace, _, err := unstructured.NestedString(object, "metadata", "namespace")
	if err != nil {
		return nil, err
	}
	s, err := newSubmission(pod, namespace)
	return []submission{s}, err
}

// newSubmission writes a pod as the API server does, which has decoded it: with a few empty fields, such as the
// resources of a container, that Istio's patches rely on.
func newSubmission(pod any, namespace string) (submission, error) {
	raw, err := json.Marshal(pod)
	if err != nil {
		return submission{}, fmt.Errorf("encode pod: %w", err)
	}
	var typed corev1.Pod
	if err := json.Unmarshal(raw, &typed); err != nil {
		return submission{}, fmt.Errorf("decode pod: %w", err)
	}
	raw, err = json.Marshal(typed)
	return submission{namespace: namespace, pod: raw}, err
}

// podOf returns the pod of a workload with what its controller adds, or nil if the object is no workload.
//
// A Deployment's pods belong to a ReplicaSet, and a CronJob's to a Job; each of their names has a suffix, and so has a
// label.
func podOf(workload map[string]any) map[string]any {
	name, _, _ := unstructured.NestedString(workload, "metadata", "name")
	version, _ := workload["apiVersion"].(string)
	kind, _ := workload["kind"].(string)
	switch kind {
	case "Pod":
		return workload
	case "DaemonSet", "StatefulSet", "Job", "ReplicaSet", "ReplicationController", "DeploymentConfig":
		return ownedPod(workload, version, kind, name, name, "spec", "template")
	case "Deployment":
		pod := ownedPod(workload, "apps/v1", "ReplicaSet", name+"-fake", name+"-fake-", "spec", "template")
		_ = unstructured.SetNestedField(pod, "fake", "metadata", "labels", "pod-template-hash")
		return pod
	case "CronJob":
		// `istioctl kube-inject` writes the metadata of a CronJob's pods into its jobTemplate, not one level below.
		pod := ownedPod(workload, "batch/v1", "Job", name+"-28000000", name+"-28000000-", "spec", "jobTemplate", "spec", "template")
		for _, field := range []string{"labels", "annotations"} {
			if of, found, _ := unstructured.NestedMap(workload, "spec", "jobTemplate", "metadata", field); found {
				_ = unstructured.SetNestedMap(pod, of, "metadata", field)
			}
		}
		return pod
	default:
		return nil
	}
}

// ownedPod returns the pod of a template, owned by a controller.
func ownedPod(workload map[string]any, version, kind, owner, generateName string, template ...string) map[string]any {
	of, _, _ := unstructured.NestedMap(workload, template...)
	metadata, _ := of["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["generateName"] = generateName
	metadata["ownerReferences"] = []any{map[string]any{
		"apiVersion": version, "kind": kind, "name": owner, "uid": "", "controller": true,
	}}
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": of["spec"]}
}
