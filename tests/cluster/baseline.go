package cluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// optOut is the label by which a pod says that it wants no sidecar.
const optOut = "sidecar.istio.io/inject"

// Stored returns what the API server would store of a pod if no sidecar were
// injected: with its defaults and what its own admission plugins add. It is a
// dry run of the pod with the opt-out label, which is taken off again. The pod
// is not changed.
//
// Compared with a stored pod, nothing is left but the injection: the server's
// defaults stand on both sides. See also Comparable.
func (c *Cluster) Stored(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, error) {
	pod = pod.DeepCopy()
	own, had := pod.Labels[optOut]
	pod.Labels = maps.Clone(pod.Labels)
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[optOut] = "false"
	stored, err := c.Client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, fmt.Errorf("dry-run pod %s/%s without a sidecar: %w", pod.Namespace, pod.Name, err)
	}
	if delete(stored.Labels, optOut); had {
		stored.Labels[optOut] = own
	}
	return stored, nil
}

// Comparable returns a copy of a stored pod without what differs in any two
// creations of one pod: its identity, its status, who wrote which field, the random
// name of the volume with its token, and the order of volumes, which means nothing.
func Comparable(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.TypeMeta = metav1.TypeMeta{}
	pod.ObjectMeta = metav1.ObjectMeta{Labels: pod.Labels, Annotations: pod.Annotations}
	pod.Status = corev1.PodStatus{}
	token := ""
	for i := range pod.Spec.Volumes {
		if volume := &pod.Spec.Volumes[i]; len(volume.Name) > len(tokenVolume) && volume.Name[:len(tokenVolume)] == tokenVolume {
			token, volume.Name = volume.Name, tokenVolume+"xxxxx"
		}
	}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			for j := range containers[i].VolumeMounts {
				if mount := &containers[i].VolumeMounts[j]; token != "" && mount.Name == token {
					mount.Name = tokenVolume + "xxxxx"
				}
			}
		}
	}
	slices.SortFunc(pod.Spec.Volumes, func(a, b corev1.Volume) int { return cmp.Compare(a.Name, b.Name) })
	if len(pod.Labels) == 0 {
		pod.Labels = nil
	}
	if len(pod.Annotations) == 0 {
		pod.Annotations = nil
	}
	return pod
}

// tokenVolume is how the API server's ServiceAccount plugin begins the name of
// the volume that it adds.
const tokenVolume = "kube-api-access-"
