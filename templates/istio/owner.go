package istio

import (
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// cronJobForm is the name that a CronJob gives to its Jobs: its own, and a time.
var cronJobForm = regexp.MustCompile(`^(.+)-\d{8,10}$`)

// ownerOf guesses the workload that a pod belongs to from what the pod itself says, since its owner is often owned in
// turn, and nothing is asked of the API server:
//
//	controller             recognised by                                    workload
//	ReplicaSet             its name ends in the label pod-template-hash     Deployment, the name without the hash
//	ReplicaSet             … in the label rollouts-pod-template-hash        Rollout, the name without the hash
//	ReplicationController  the label deploymentconfig                       DeploymentConfig of that name
//	Job                    its name ends in a time                          CronJob, the name without the time
//	any other                                                               the controller itself
//	none, or a pod whose name was not generated                             the pod itself
func ownerOf(pod *metav1.ObjectMeta) (types.NamespacedName, metav1.TypeMeta) {
	name := types.NamespacedName{Name: pod.Name, Namespace: pod.Namespace}
	kind := metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}
	controller := metav1.GetControllerOfNoCopy(pod)
	if pod.GenerateName == "" || controller == nil {
		return name, kind
	}
	name.Name = controller.Name
	kind = metav1.TypeMeta{Kind: controller.Kind, APIVersion: controller.APIVersion}
	switch controller.Kind {
	case "ReplicaSet":
		if deployment, ok := withoutHash(controller.Name, pod.Labels["pod-template-hash"]); ok {
			name.Name, kind.Kind = deployment, "Deployment"
		} else if rollout, ok := withoutHash(controller.Name, pod.Labels["rollouts-pod-template-hash"]); ok {
			name.Name, kind = rollout, metav1.TypeMeta{Kind: "Rollout", APIVersion: "v1alpha1"}
		}
	case "ReplicationController":
		if config := pod.Labels["deploymentconfig"]; config != "" {
			name.Name, kind.Kind = config, "DeploymentConfig"
		}
	case "Job":
		if parts := cronJobForm.FindStringSubmatch(controller.Name); parts != nil {
			name.Name, kind = parts[1], metav1.TypeMeta{Kind: "CronJob", APIVersion: "batch/v1"}
		}
	}
	if name.Name == "" {
		name.Name = pod.Name
	}
	return name, kind
}

func withoutHash(name, hash string) (string, bool) {
	if hash == "" || !strings.HasSuffix(name, hash) {
		return "", false
	}
	return strings.TrimSuffix(name, "-"+hash), true
}
