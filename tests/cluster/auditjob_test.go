package cluster_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// auditJob is a release with the CronJob.
const auditJob = "audit-job"

// TestAuditCronJob runs what the CronJob runs, with its arguments and its account: it finds a pod that is older than the
// injector, and nothing once that is gone. The account may look, and change nothing.
func TestAuditCronJob(t *testing.T) {
	namespace := newNamespace(t, map[string]string{"audit-job-test": "enabled"})
	pod := mustCreate(t, newPod(namespace))
	var pushed atomic.Int64
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics/job/sidecar-injector-audit/injector/"+auditJob {
			pushed.Add(1)
		}
	}))
	defer gateway.Close()
	options := cluster.ChartOptions{Release: auditJob, Namespace: auditJob, InCluster: true, Values: map[string]any{
		"config": map[string]any{"namespaceLabel": "audit-job-test=enabled", "revision": auditJob},
		"audit":  map[string]any{"enabled": true, "pushGateway": gateway.URL},
	}}
	options.Values["config"].(map[string]any)["revisionTags"] = []any{"default"}
	installRelease(t, options)
	job, err := shared.Client.BatchV1().CronJobs(auditJob).Get(t.Context(), auditJob+"-audit", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	template := job.Spec.JobTemplate.Spec.Template
	kubeconfig, err := shared.ServiceAccountKubeconfig(t.Context(), auditJob, template.Spec.ServiceAccountName)
	if err != nil {
		t.Fatal(err)
	}
	audit := func() (string, int) {
		command := exec.CommandContext(t.Context(), shared.Binary, append(template.Spec.Containers[0].Args, "--kubeconfig="+kubeconfig)...)
		out, err := command.CombinedOutput()
		if command.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), command.ProcessState.ExitCode()
	}
	if out, code := audit(); code != 1 || !strings.Contains(out, "missing") || !strings.Contains(out, pod.Name) {
		t.Errorf("exit code %d, want 1, and the pod %s that misses its sidecar:\n%s", code, pod.Name, out)
	}
	if err := shared.Client.CoreV1().Pods(namespace).Delete(t.Context(), pod.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if out, code := audit(); code == 2 || strings.Contains(out, pod.Name) {
		t.Errorf("exit code %d once the pod is gone:\n%s", code, out)
	}
	if pushed.Load() != 2 {
		t.Errorf("the numbers were pushed %d times, want 2", pushed.Load())
	}
	for _, may := range []string{"create pods", "delete pods", "patch deployments.apps", "list secrets", "patch mutatingwebhookconfigurations.admissionregistration.k8s.io"} {
		out, _, _ := shared.Kubectl(t.Context(), "", append([]string{"--kubeconfig=" + kubeconfig, "auth", "can-i", "-A"}, strings.Fields(may)...)...) // no is exit code 1
		if strings.TrimSpace(out) != "no" {
			t.Errorf("may the account %s: %q, want no", may, strings.TrimSpace(out))
		}
	}
}
