package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// namespace is that of all pods.
const namespace = "shop"

// tokenPath is where the API server mounts the service account's token.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

// replica returns a pod of a ReplicaSet as the API server sends it to its webhooks: with defaults, with the token's
// volume and its mounts under a name that is generated, with the fields that the controller manages. What differs
// between two replicas is what number makes: that name, and times. The pod that is given becomes a part of it.
func replica(workload string, pod *corev1.Pod, number int) *corev1.Pod {
	hash := fmt.Sprintf("%08x", digest(workload))
	owner := workload + "-" + hash
	pod.Namespace = namespace
	pod.GenerateName = owner + "-"
	pod.Labels["pod-template-hash"] = hash
	pod.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "ReplicaSet", Name: owner, UID: uid(digest(workload)),
		Controller: new(true), BlockOwnerDeletion: new(true),
	}}
	fillDefaults(&pod.Spec)
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{
		Manager: "kube-controller-manager", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1",
		Time:       &metav1.Time{Time: time.Date(2026, 11, 1, 0, 0, number, 0, time.UTC)},
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(fieldsOf(pod))),
	}}
	addToken(&pod.Spec, "kube-api-access-"+suffix(number))
	return pod
}

// fillDefaults does what the API server does to the specification of a pod before it asks its webhooks.
func fillDefaults(spec *corev1.PodSpec) {
	spec.RestartPolicy, spec.DNSPolicy, spec.SchedulerName = corev1.RestartPolicyAlways, corev1.DNSClusterFirst, "default-scheduler"
	spec.TerminationGracePeriodSeconds, spec.EnableServiceLinks = new(int64(30)), new(true)
	spec.ServiceAccountName, spec.DeprecatedServiceAccount = "default", "default"
	spec.Priority, spec.PreemptionPolicy = new(int32(0)), new(corev1.PreemptLowerPriority)
	spec.SecurityContext = &corev1.PodSecurityContext{}
	for _, taint := range []string{"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"} {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: taint, Operator: corev1.TolerationOpExists,
			Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))})
	}
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.TerminationMessagePath, c.TerminationMessagePolicy = "/dev/termination-log", corev1.TerminationMessageReadFile
		c.ImagePullPolicy = corev1.PullIfNotPresent
		for j := range c.Ports {
			c.Ports[j].Protocol = corev1.ProtocolTCP
		}
		for _, probe := range []*corev1.Probe{c.ReadinessProbe, c.LivenessProbe, c.StartupProbe} {
			if probe != nil {
				probe.TimeoutSeconds, probe.PeriodSeconds, probe.SuccessThreshold, probe.FailureThreshold = 1, 10, 1, 3
			}
		}
	}
}

// addToken adds the volume of the service account's token, and its mounts.
func addToken(spec *corev1.PodSpec, name string) {
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		DefaultMode: new(int32(0o644)),
		Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(3607))}},
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
				Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}}}}},
		},
	}}})
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, ReadOnly: true, MountPath: tokenPath})
	}
}

// fieldsOf returns what a manager who made the pod manages: fields by their names, elements of lists by "name".
func fieldsOf(pod *corev1.Pod) []byte {
	var tree map[string]any
	if err := json.Unmarshal(encode(map[string]any{"metadata": pod.ObjectMeta, "spec": pod.Spec}), &tree); err != nil {
		panic(err) // it was encoded a moment ago
	}
	return encode(fieldsBelow(tree))
}

func fieldsBelow(value any) map[string]any {
	fields := map[string]any{}
	switch value := value.(type) {
	case map[string]any:
		for key, below := range value {
			fields["f:"+key] = fieldsBelow(below)
		}
	case []any:
		for _, element := range value {
			if named, _ := element.(map[string]any); named["name"] != nil {
				below := fieldsBelow(element)
				below["."] = struct{}{}
				fields[fmt.Sprintf(`k:{"name":%q}`, named["name"])] = below
			}
		}
	}
	return fields
}

// review returns the admission review that the API server sends for the creation of a pod.
func review(pod []byte, number int) []byte {
	gvk := metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}
	gvr := metav1.GroupVersionResource{Version: "v1", Resource: "pods"}
	return encode(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: uid(uint32(number)), Kind: gvk, Resource: gvr, RequestKind: &gvk, RequestResource: &gvr,
			Namespace: namespace, Operation: admissionv1.Create,
			UserInfo: authenticationv1.UserInfo{
				Username: "system:serviceaccount:kube-system:replicaset-controller",
				Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"},
			},
			Object:  runtime.RawExtension{Raw: pod},
			DryRun:  new(false),
			Options: runtime.RawExtension{Raw: []byte(`{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}`)},
		},
	})
}

func encode(object any) []byte {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // these types can always be encoded
	}
	return text
}

// digest is a number that stands for a text.
func digest(text string) uint32 {
	sum := uint32(2166136261)
	for _, b := range []byte(text) {
		sum = (sum ^ uint32(b)) * 16777619
	}
	return sum
}

func uid(number uint32) types.UID {
	return types.UID(fmt.Sprintf("5f0c3a1e-7d2b-4c58-9a6f-0000%08x", number))
}

// suffix returns five of the characters that the API server makes generated names of.
func suffix(number int) string {
	const characters = "bcdfghjklmnpqrstvwxz2456789"
	var text strings.Builder
	for range 5 {
		text.WriteByte(characters[number%len(characters)])
		number /= len(characters)
	}
	return text.String()
}
