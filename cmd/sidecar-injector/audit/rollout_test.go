package audit

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestRollout: how far a workload is, by its status, as kubectl rollout status has it.
func TestRollout(t *testing.T) {
	deployment := func(replicas int32, status appsv1.DeploymentStatus) client.Object {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Spec: appsv1.DeploymentSpec{Replicas: &replicas}, Status: status}
	}
	set := func(partition int32, status appsv1.StatefulSetStatus) client.Object {
		s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Spec: appsv1.StatefulSetSpec{Replicas: ptr.To[int32](3)}, Status: status}
		s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &partition}
		return s
	}
	stuck := appsv1.DeploymentStatus{ObservedGeneration: 2, Conditions: []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentProgressing, Reason: "ProgressDeadlineExceeded", Message: "timed out"}}}
	cases := map[string]struct {
		object client.Object
		done   bool
		failed bool
		text   string
	}{
		"not noticed yet":      {deployment(2, appsv1.DeploymentStatus{ObservedGeneration: 1, UpdatedReplicas: 2, AvailableReplicas: 2, Replicas: 2}), false, false, "waiting for its controller to notice"},
		"some are new":         {deployment(2, appsv1.DeploymentStatus{ObservedGeneration: 2, UpdatedReplicas: 1, AvailableReplicas: 2, Replicas: 3}), false, false, "1 of 2 pods are new"},
		"old ones are left":    {deployment(2, appsv1.DeploymentStatus{ObservedGeneration: 2, UpdatedReplicas: 2, AvailableReplicas: 2, Replicas: 3}), false, false, "1 old pod to go"},
		"not all available":    {deployment(2, appsv1.DeploymentStatus{ObservedGeneration: 2, UpdatedReplicas: 2, AvailableReplicas: 1, Replicas: 2}), false, false, "1 of 2 new pods are available"},
		"all available":        {deployment(2, appsv1.DeploymentStatus{ObservedGeneration: 2, UpdatedReplicas: 2, AvailableReplicas: 2, Replicas: 2}), true, false, "2 pods"},
		"none wanted":          {deployment(0, appsv1.DeploymentStatus{ObservedGeneration: 2}), true, false, "0 pods"},
		"it does not come up":  {deployment(2, stuck), false, true, "timed out"},
		"above a partition":    {set(2, appsv1.StatefulSetStatus{ObservedGeneration: 2, UpdatedReplicas: 1, AvailableReplicas: 3, Replicas: 3}), true, false, "3 pods"},
		"not above it":         {set(2, appsv1.StatefulSetStatus{ObservedGeneration: 2, AvailableReplicas: 3, Replicas: 3}), false, false, "2 of 3 pods are new"},
		"a DaemonSet":          {&appsv1.DaemonSet{Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 3, UpdatedNumberScheduled: 3, NumberAvailable: 2}}, false, false, "2 of 3 new pods are available"},
		"a DaemonSet, no node": {&appsv1.DaemonSet{}, true, false, "0 pods"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			got := rolloutOf(c.object)
			if got.done != c.done || (got.err != nil) != c.failed || got.text != c.text {
				t.Errorf("got %+v, want done %t, failed %t, %q", got, c.done, c.failed, c.text)
			}
		})
	}
}

func TestLeftAlone(t *testing.T) {
	onDelete := &appsv1.StatefulSet{}
	onDelete.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
	daemons := &appsv1.DaemonSet{}
	daemons.Spec.UpdateStrategy.Type = appsv1.OnDeleteDaemonSetStrategyType
	held := &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: ptr.To[int32](2)}}
	held.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](2)}
	cases := map[string]struct {
		object client.Object
		want   string
	}{
		"a StatefulSet held back":   {held, "the partition of its update strategy holds all its pods back"},
		"a Deployment":              {&appsv1.Deployment{}, ""},
		"a paused one":              {&appsv1.Deployment{Spec: appsv1.DeploymentSpec{Paused: true}}, "its rollout is paused"},
		"pods are replaced by hand": {onDelete, "its update strategy is OnDelete: delete its pods one by one"},
		"those of a DaemonSet":      {daemons, "its update strategy is OnDelete: delete its pods one by one"},
	}
	for sentence, c := range cases {
		if got := left(c.object); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}
