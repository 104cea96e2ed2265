package templates

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestOwnerOf(t *testing.T) {
	by := func(kind, apiVersion, name string, labels map[string]string) metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Namespace: "shop", GenerateName: name + "-", Labels: labels,
			OwnerReferences: []metav1.OwnerReference{
				{Kind: "Other", Name: "other"},
				{Kind: kind, APIVersion: apiVersion, Name: name, Controller: ptr.To(true)},
			},
		}
	}
	named := by("ReplicaSet", "apps/v1", "web-5b6f", map[string]string{"pod-template-hash": "5b6f"})
	named.Name, named.GenerateName = "web", ""
	tests := map[string]struct {
		pod  metav1.ObjectMeta
		want string
	}{
		"a Deployment's":            {by("ReplicaSet", "apps/v1", "web-5b6f", map[string]string{"pod-template-hash": "5b6f"}), "apps/v1 Deployment shop/web"},
		"a Rollout's":               {by("ReplicaSet", "apps/v1", "web-5b6f", map[string]string{"rollouts-pod-template-hash": "5b6f"}), "v1alpha1 Rollout shop/web"},
		"a ReplicaSet's":            {by("ReplicaSet", "apps/v1", "web", nil), "apps/v1 ReplicaSet shop/web"},
		"of another hash":           {by("ReplicaSet", "apps/v1", "web-1", map[string]string{"pod-template-hash": "2"}), "apps/v1 ReplicaSet shop/web-1"},
		"a CronJob's":               {by("Job", "batch/v1", "nightly-29012345", nil), "batch/v1 CronJob shop/nightly"},
		"a Job's":                   {by("Job", "batch/v1", "once-1234567", nil), "batch/v1 Job shop/once-1234567"},
		"a DeploymentConfig's":      {by("ReplicationController", "v1", "web-1", map[string]string{"deploymentconfig": "web"}), "v1 DeploymentConfig shop/web"},
		"a StatefulSet's":           {by("StatefulSet", "apps/v1", "db", nil), "apps/v1 StatefulSet shop/db"},
		"nobody's":                  {metav1.ObjectMeta{Namespace: "shop", Name: "alone"}, "v1 Pod shop/alone"},
		"nobody's, name generated":  {metav1.ObjectMeta{Namespace: "shop", GenerateName: "alone-"}, "v1 Pod shop/"},
		"owned, name not generated": {named, "v1 Pod shop/web"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			owner := OwnerOf(&test.pod)
			if got := owner.APIVersion + " " + owner.Kind + " " + owner.Namespace + "/" + owner.Name; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
