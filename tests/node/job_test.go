//go:build linux

package node_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

const job = `
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec:
  template:
    metadata:
      annotations: {sidecar.istio.io/inject: "true"}
    spec:
      restartPolicy: Never
      containers:
      - name: app
        image: localhost/application:1
        imagePullPolicy: Never
        args: [check, http://server/job]
`

// TestJob completes a Job whose pod has a native sidecar.
func TestJob(t *testing.T) {
	s := newSpace(t, nil)
	s.apply(plainServer)
	s.pods("server", 1)
	s.service("server")
	s.apply(job)
	s.kubectl("", "wait", "--for=condition=complete", "job/job", "--timeout=60s")
	if s.requestID("server", "/job") == "" {
		t.Error("the Job's request did not go through the sidecar")
	}
	s.saw("a Job's pod with a native sidecar called out and completed")
}

// cronJob has a Job every minute, none beside one that has not ended: for its name, for or against a native sidecar, and
// the arguments of its application.
const cronJob = `
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: %[1]s}
spec:
  schedule: "* * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        metadata:
          labels: {app: %[1]s}
          annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/nativeSidecar: %[2]q}
        spec:
          restartPolicy: Never
          containers:
          - name: app
            image: localhost/application:1
            imagePullPolicy: Never
            args: [job, %[3]s]
`

// TestCronJob has the same work done every minute with a native sidecar, with an ordinary one, and with an ordinary one
// that the application ends itself. With the second the work is done, but its pod never ends, and so never does its Job.
func TestCronJob(t *testing.T) {
	t.Parallel()
	s := newSpace(t, nil)
	s.apply(plainServer)
	s.pods("server", 1)
	s.service("server")
	s.apply(fmt.Sprintf(cronJob, "native", "true", "http://server/native") +
		fmt.Sprintf(cronJob, "ordinary", "false", "http://server/ordinary") +
		fmt.Sprintf(cronJob, "ends", "false", "http://server/ends, 127.0.0.1:15000"))
	for _, name := range []string{"native", "ends"} {
		s.job(name, func(job *batchv1.Job, _ *corev1.Pod) error {
			if job.Status.Succeeded != 1 {
				return fmt.Errorf("the Job has not completed: %+v", job.Status)
			}
			return nil
		})
	}
	s.job("ordinary", func(job *batchv1.Job, pod *corev1.Pod) error {
		states := map[string]string{}
		for _, status := range pod.Status.ContainerStatuses {
			switch state := status.State; {
			case state.Running != nil:
				states[status.Name] = "running"
			case state.Terminated != nil:
				states[status.Name] = state.Terminated.Reason
			}
		}
		if states["app"] != "Completed" || states["sidecar-proxy"] != "running" || job.Status.Active != 1 || job.Status.Succeeded != 0 {
			return fmt.Errorf("containers %v, Job %+v; want the application Completed, the proxy running and the Job active", states, job.Status)
		}
		return nil
	})
	for _, path := range []string{"/native", "/ordinary", "/ends"} {
		if s.requestID("server", path) == "" {
			t.Errorf("the request to %s did not go through the sidecar", path)
		}
	}
	s.saw("CronJob with a native sidecar: its Job completed; with an ordinary one: the application completed, its Job stays active; with one that the application ends: completed")
}

// job waits until check accepts a Job of the CronJob and its pod.
func (s *space) job(cronJob string, check func(*batchv1.Job, *corev1.Pod) error) {
	s.Helper()
	err := cluster.Eventually(s.Context(), 2*time.Minute, func(ctx context.Context) error {
		pods, err := shared.Client.CoreV1().Pods(s.name).List(ctx, metav1.ListOptions{LabelSelector: "app=" + cronJob})
		if err != nil {
			return err
		}
		if len(pods.Items) == 0 {
			return fmt.Errorf("no Job has made a pod yet")
		}
		pod := &pods.Items[0]
		job, err := shared.Client.BatchV1().Jobs(s.name).Get(ctx, pod.OwnerReferences[0].Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return check(job, pod)
	})
	if err != nil {
		s.Errorf("CronJob %q: %v\n%s", cronJob, err, s.kubectl("", "get", "cronjobs,jobs,pods,events"))
	}
}
