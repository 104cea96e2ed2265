package templates

import (
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// cronJobForm is the name that a CronJob gives to its Jobs: its own, and a time.
var cronJobForm = regexp.MustCompile(`^(.+)-\d{8,10}$`)

// Owner is the workload that a pod belongs to.
type Owner struct {
	APIVersion, Kind, Namespace, Name string
}

// OwnerOf guesses the workload that a pod belongs to from what the pod itself says, since its owner is often owned in
// turn, and nothing is asked of the API server. The metadata is not changed.
//
//	controller             recognised by                                    workload
//	ReplicaSet             its name ends in the label pod-template-hash     Deployment, the name without the hash
//	ReplicaSet             … in the label rollouts-pod-template-hash        Rollout, the name without the hash
//	ReplicationController  the label deploymentconfig                       DeploymentConfig of that name
//	Job                    its name ends in a time                          CronJob, the name without the time
//	any other                                                               the controller itself
//	none, or a pod whose name was not generated                             the pod itself
func OwnerOf(pod *metav1.ObjectMeta) Owner {
	itself := Owner{APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}
	controller := metav1.GetControllerOfNoCopy(pod)
	if pod.GenerateName == "" || controller == nil {
		return itself
	}
	owner := Owner{controller.APIVersion, controller.Kind, pod.Namespace, controller.Name}
	switch controller.Kind {
	case "ReplicaSet":
		if deployment, ok := withoutHash(controller.Name, pod.Labels["pod-template-hash"]); ok {
			owner.Name, owner.Kind = deployment, "Deployment"
		} else if rollout, ok := withoutHash(controller.Name, pod.Labels["rollouts-pod-template-hash"]); ok {
			owner.Name, owner.Kind, owner.APIVersion = rollout, "Rollout", "v1alpha1"
		}
	case "ReplicationController":
		if config := pod.Labels["deploymentconfig"]; config != "" {
			owner.Name, owner.Kind = config, "DeploymentConfig"
		}
	case "Job":
		if parts := cronJobForm.FindStringSubmatch(controller.Name); parts != nil {
			owner.Name, owner.Kind, owner.APIVersion = parts[1], "CronJob", "batch/v1"
		}
	}
	if owner.Name == "" {
		owner.Name = pod.Name
	}
	return owner
}

func withoutHash(name, hash string) (string, bool) {
	if hash == "" || !strings.HasSuffix(name, hash) {
		return "", false
	}
	return strings.TrimSuffix(name, "-"+hash), true
}
