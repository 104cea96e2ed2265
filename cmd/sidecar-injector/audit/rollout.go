package audit

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rollout is how far the replacement of a workload's pods is.
type rollout struct {
	done bool
	text string
	err  error // it will not come to its end by itself
}

// rolloutOf reads it from the status, by the rules of kubectl rollout status.
func rolloutOf(object client.Object) rollout {
	switch object := object.(type) {
	case *appsv1.Deployment:
		for _, condition := range object.Status.Conditions {
			if condition.Type == appsv1.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded" && object.Status.ObservedGeneration >= object.Generation {
				return rollout{text: condition.Message, err: fmt.Errorf("it does not come up: %s", condition.Message)}
			}
		}
		status := &object.Status
		return counted(object.Generation, status.ObservedGeneration, ptr.Deref(object.Spec.Replicas, 1), status.UpdatedReplicas, status.AvailableReplicas, status.Replicas)
	case *appsv1.StatefulSet:
		status := &object.Status
		// Pods below the partition stay as they are.
		wanted := ptr.Deref(object.Spec.Replicas, 1)
		updated := status.UpdatedReplicas
		if rolling := object.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
			updated += min(ptr.Deref(rolling.Partition, 0), wanted)
		}
		return counted(object.Generation, status.ObservedGeneration, wanted, min(updated, wanted), status.AvailableReplicas, status.Replicas)
	case *appsv1.DaemonSet:
		status := &object.Status
		return counted(object.Generation, status.ObservedGeneration, status.DesiredNumberScheduled, status.UpdatedNumberScheduled, status.NumberAvailable, status.DesiredNumberScheduled)
	}
	return rollout{done: true}
}

func counted(generation, observed int64, wanted, updated, available, all int32) rollout {
	switch {
	case observed < generation:
		return rollout{text: "waiting for its controller to notice"}
	case updated < wanted:
		return rollout{text: fmt.Sprintf("%d of %d pods are new", updated, wanted)}
	case all > updated:
		return rollout{text: count(int(all-updated), "old pod") + " to go"}
	case available < updated:
		return rollout{text: fmt.Sprintf("%d of %d new pods are available", available, updated)}
	}
	return rollout{done: true, text: count(int(updated), "pod")}
}

// left says why a workload is left alone, if it is.
func left(object client.Object) string {
	onDelete := false
	switch object := object.(type) {
	case *appsv1.Deployment:
		if object.Spec.Paused {
			return "its rollout is paused"
		}
	case *appsv1.StatefulSet:
		if rolling := object.Spec.UpdateStrategy.RollingUpdate; rolling != nil && ptr.Deref(rolling.Partition, 0) >= max(1, ptr.Deref(object.Spec.Replicas, 1)) {
			return "the partition of its update strategy holds all its pods back"
		}
		onDelete = object.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType
	case *appsv1.DaemonSet:
		onDelete = object.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType
	}
	if onDelete {
		return "its update strategy is OnDelete: delete its pods one by one"
	}
	return ""
}
