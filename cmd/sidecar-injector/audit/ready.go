package audit

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// patience is how long a container may run until it is ready, or an init container until it has ended: pods that have
// just been made are no findings.
const patience = time.Minute

// notReady says which of the injected containers is not ready, and since when. A pod of which nothing runs yet is not at
// fault, nor is an init container that has ended well.
func notReady(pod *corev1.Pod, injected []string, now time.Time) string {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if !slices.Contains(injected, status.Name) || status.Ready {
			continue
		}
		what := "is not ready"
		if !goesOn(pod, status.Name) {
			what = "has not ended"
		}
		switch state := status.State; {
		case state.Waiting != nil && state.Waiting.Reason != "PodInitializing" && state.Waiting.Reason != "ContainerCreating":
			return fmt.Sprintf("%s waits: %s (%d restarts)", status.Name, state.Waiting.Reason, status.RestartCount)
		case state.Running != nil && now.Sub(state.Running.StartedAt.Time) >= patience:
			return fmt.Sprintf("%s has run since %s and %s (%d restarts)", status.Name, state.Running.StartedAt.UTC().Format(time.RFC3339), what, status.RestartCount)
		case state.Terminated != nil && (goesOn(pod, status.Name) || state.Terminated.ExitCode != 0):
			return fmt.Sprintf("%s ended with exit code %d at %s", status.Name, state.Terminated.ExitCode, state.Terminated.FinishedAt.UTC().Format(time.RFC3339))
		}
	}
	return ""
}

// goesOn says that a container is an ordinary one or a native sidecar.
func goesOn(pod *corev1.Pod, name string) bool {
	for _, container := range pod.Spec.InitContainers {
		if container.Name == name {
			return container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
		}
	}
	return true
}
