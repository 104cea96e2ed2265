package cluster_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// workloads is one object of each kind that makes pods, in a List. The name of
// each is what its pods' label "kind" says.
const workloads = `
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: pod, labels: {kind: pod}, annotations: {sidecar.istio.io/inject: "true"}}
  spec: &spec {containers: [{name: app, image: "nginx:1.21", ports: [{containerPort: 80}]}]}
- apiVersion: v1
  kind: ReplicationController
  metadata: {name: replicationcontroller}
  spec:
    selector: {kind: replicationcontroller}
    template:
      metadata: {labels: {kind: replicationcontroller}, annotations: {sidecar.istio.io/inject: "true"}}
      spec: *spec
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: deployment}
  spec:
    selector: {matchLabels: {kind: deployment}}
    template:
      metadata: {labels: {kind: deployment}, annotations: {sidecar.istio.io/inject: "true"}}
      spec: *spec
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata: {name: replicaset}
  spec:
    selector: {matchLabels: {kind: replicaset}}
    template:
      metadata: {labels: {kind: replicaset}, annotations: {sidecar.istio.io/inject: "true"}}
      spec: *spec
- apiVersion: apps/v1
  kind: StatefulSet
  metadata: {name: statefulset}
  spec:
    serviceName: statefulset
    selector: {matchLabels: {kind: statefulset}}
    template:
      metadata: {labels: {kind: statefulset}, annotations: {sidecar.istio.io/inject: "true"}}
      spec: *spec
- apiVersion: apps/v1
  kind: DaemonSet
  metadata: {name: daemonset}
  spec:
    selector: {matchLabels: {kind: daemonset}}
    template:
      metadata: {labels: {kind: daemonset}, annotations: {sidecar.istio.io/inject: "true"}}
      spec: *spec
- apiVersion: batch/v1
  kind: Job
  metadata: {name: job}
  spec:
    template:
      metadata: {labels: {kind: job}, annotations: {sidecar.istio.io/inject: "true"}}
      spec: &once {restartPolicy: Never, containers: [{name: app, image: "nginx:1.21"}]}
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: cronjob}
  spec:
    schedule: "* * * * *"
    jobTemplate:
      spec:
        template:
          metadata: {labels: {kind: cronjob}, annotations: {sidecar.istio.io/inject: "true"}}
          spec: *once
`

func TestEveryWorkloadKind(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	makeNode(t)
	if _, _, err := shared.Kubectl(t.Context(), workloads, "-n", namespace, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	// The CronJob is due at the next full minute. That it last ran some minutes
	// ago makes it overdue, so its controller makes a Job at once.
	last, err := json.Marshal(map[string]any{"status": map[string]any{"lastScheduleTime": metav1.NewTime(time.Now().Add(-2 * time.Minute))}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = shared.Client.BatchV1().CronJobs(namespace).Patch(t.Context(), "cronjob", types.MergePatchType, last, metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"pod", "replicationcontroller", "deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			pods := waitForPods(t, namespace, "kind="+kind, 1)
			for i := range pods {
				checkInjected(t, &pods[i])
			}
		})
	}
}

// makeNode makes a Node for the DaemonSet controller, which makes pods for nodes
// whether or not anything runs there.
func makeNode(t *testing.T) {
	t.Helper()
	nodes := shared.Client.CoreV1().Nodes()
	node, err := nodes.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := nodes.Delete(context.Background(), node.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	// The API server taints new nodes as not ready, and no kubelet ever says
	// that this one is.
	if _, err := nodes.Patch(t.Context(), node.Name, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestServerSideDryRun(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	pod := newPod(namespace, asks)
	pod.APIVersion, pod.Kind = "v1", "Pod"
	manifest, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := shared.Kubectl(t.Context(), string(manifest), "-n", namespace, "create", "--dry-run=server", "-o", "json", "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	var shown corev1.Pod
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		t.Fatalf("read what kubectl printed: %v\n%s", err, out)
	}
	checkInjected(t, &shown)
	if _, err := shared.Client.CoreV1().Pods(namespace).Get(t.Context(), pod.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("get the pod after a dry run: %v, want that it is not found", err)
	}
	events, err := shared.Client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events.Items {
		t.Errorf("event after a dry run: %s", strings.Join([]string{event.Reason, event.Message}, " "))
	}
}
