package cluster_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/audit"
)

// audited is what audit finds in a namespace, as data, with its exit code.
func audited(t *testing.T, namespace string) (audit.Report, int) {
	t.Helper()
	out, code := ask(t, "audit", "-o", "json", "-n", namespace)
	var report audit.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("decode what audit printed: %v\n%s", err, out)
	}
	return report, code
}

// TestAuditFindsWhatIsPlanted: pods that are as they should be, and one for each
// kind of finding.
func TestAuditFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	plant := func(name string, tweaks ...tweak) *corev1.Pod {
		pod := newPod(namespace, tweaks...)
		pod.Name = name
		return mustCreate(t, pod)
	}
	change := func(pod *corev1.Pod, patch any, subresources ...string) {
		t.Helper()
		if _, err := shared.Client.CoreV1().Pods(namespace).Patch(t.Context(), pod.Name, types.StrategicMergePatchType, mustJSON(t, patch), metav1.PatchOptions{}, subresources...); err != nil {
			t.Fatal(err)
		}
	}
	annotations := func(key, value string) any {
		return map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}}
	}
	plant("fine", asks)
	plant("classic", asks, annotation("sidecar.istio.io/nativeSidecar", "false"))
	plant("overridden", asks, override)
	plant("quiet")
	if report, code := audited(t, namespace); code != 0 || len(report.Findings) != 0 || report.Pods != 4 || report.Sidecars != 3 {
		t.Errorf("exit code %d for pods that are as they should be: %+v", code, report)
	}

	change(plant("missing"), annotations(injectKey, "true"))
	change(plant("failed", asks), annotations("sidecar.istio.io/logLevel", "loud"))
	change(plant("unwanted", asks), annotations(injectKey, "false"))
	outdated := plant("outdated", asks)
	change(outdated, annotations(statusKey, strings.Replace(outdated.Annotations[statusKey], `"hash":"`, `"hash":"0`, 1)))
	change(plant("image", asks), map[string]any{"spec": map[string]any{"initContainers": []any{map[string]any{"name": proxyName, "image": "patched:1"}}}})
	change(plant("not-ready", asks), map[string]any{"status": map[string]any{"phase": "Running", "initContainerStatuses": []any{map[string]any{
		"name": proxyName, "image": "x", "imageID": "", "ready": false, "restartCount": 3,
		"state": map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff"}}}}}}, "status")
	change(plant("ended", asks), map[string]any{"metadata": annotations(injectKey, "false").(map[string]any)["metadata"], "status": map[string]any{"phase": "Succeeded"}}, "status")

	report, code := audited(t, namespace)
	got := map[string]audit.Kind{}
	for _, group := range report.Findings {
		got[group.Name] = group.Finding
	}
	want := map[string]audit.Kind{"missing": audit.Missing, "failed": audit.Failed, "unwanted": audit.Unwanted,
		"outdated": audit.Outdated, "image": audit.Image, "not-ready": audit.NotReady}
	if diff := cmp.Diff(want, got); diff != "" || code != 1 {
		t.Errorf("exit code %d, want 1; findings (-planted +found):\n%s", code, diff)
	}
	if out, _ := ask(t, "audit", "-n", namespace); !strings.Contains(out, "10 pods looked at, 8 with a sidecar: something is wrong with 6 pods of 6 workloads") {
		t.Errorf("it prints:\n%s", out)
	}
}

// TestAuditRestarts: a Deployment that is older than its namespace's label gets
// its sidecars; one whose pods do not come up ends the restarts.
func TestAuditRestarts(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	kubectl := func(args ...string) {
		t.Helper()
		if _, _, err := shared.Kubectl(t.Context(), "", append([]string{"-n", namespace}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	kubectl("create", "deployment", "web", "--image=nginx:1.21", "--replicas=2")
	kubectl("create", "deployment", "held", "--image=nginx:1.21")
	waitForPods(t, namespace, "app=web", 2)
	waitForPods(t, namespace, "app=held", 1)
	kubectl("rollout", "pause", "deployment/held")
	kubectl("label", "namespace", namespace, namespaceKey+"=enabled")

	if report, code := audited(t, namespace); code != 1 || len(report.Findings) != 2 || report.Findings[1].Pods != 2 || report.Findings[1].Finding != audit.Missing {
		t.Fatalf("exit code %d before: %+v", code, report)
	}
	if _, code := ask(t, "audit", "-n", namespace, "--restart"); code != 2 {
		t.Errorf("without a terminal to ask, exit code %d, want 2", code)
	}
	if _, code := ask(t, "audit", "-n", namespace, "--restart", "--yes", "--timeout", "3s"); code != 2 {
		t.Errorf("with pods that do not come up, exit code %d, want 2", code)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go makeReady(ctx, namespace)
	if _, code := ask(t, "audit", "-n", namespace, "--restart", "--yes", "--timeout", "60s"); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	report, _ := audited(t, namespace)
	if len(report.Findings) != 1 || report.Findings[0].Name != "held" {
		t.Errorf("after the restart there is %+v, want the paused one alone", report.Findings)
	}
}

// makeReady does to pods what a kubelet would: they run and are ready.
func makeReady(ctx context.Context, namespace string) {
	patch := []byte(`{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"},{"type":"ContainersReady","status":"True"}]}}`)
	for ctx.Err() == nil {
		pods, err := shared.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		for i := 0; err == nil && i < len(pods.Items); i++ {
			if pods.Items[i].Status.Phase == corev1.PodPending {
				_, _ = shared.Client.CoreV1().Pods(namespace).Patch(ctx, pods.Items[i].Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}
