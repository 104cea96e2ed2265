package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/audit"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// audited is what audit finds in a namespace, as data, with its exit code.
func audited(t *testing.T, namespace string, flags ...string) (audit.Report, int) {
	t.Helper()
	out, code := ask(t, append([]string{"audit", "-o", "json", "-n", namespace}, flags...)...)
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
	// A network plug-in notes the address of a pod that has been made.
	change(plant("addressed", asks), annotations("cni.example.com/podIP", "10.0.0.1"), "status")
	if report, code := audited(t, namespace); code != 0 || len(report.Findings) != 0 || report.Pods != 5 || report.Sidecars != 4 {
		t.Errorf("exit code %d for pods that are as they should be: %+v", code, report)
	}

	// What would a proposed value change?
	proposed, code := audited(t, namespace, "--set", "proxy.image=example.com/envoy:next")
	if code != 1 || len(proposed.Findings) != 4 || proposed.Findings[0].Finding != audit.Outdated {
		t.Errorf("exit code %d for a proposed image: %+v", code, proposed)
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
	if out, _ := ask(t, "audit", "-n", namespace); !strings.HasSuffix(out, "11 pods looked at, 9 with a sidecar: 6 pods of 6 workloads to see to\n") {
		t.Errorf("it prints:\n%s", out)
	}
	var texts []string
	for _, group := range report.Findings {
		texts = append(texts, fmt.Sprintf("%s %s/%s: %d, %s", group.Finding, group.Workload.Kind, group.Name, group.Pods, group.Remedy))
	}
	order := []string{"missing Pod/missing: 1, create it anew", "failed Pod/failed: 1, correct what its detail names", "unwanted Pod/unwanted: 1, create it anew",
		"outdated Pod/outdated: 1, create it anew", "image Pod/image: 1, create it anew", "not_ready Pod/not-ready: 1, see its log and events"}
	if diff := cmp.Diff(order, texts); diff != "" {
		t.Errorf("what to do first (-want +got):\n%s", diff)
	}

	change(outdated, map[string]any{"metadata": map[string]any{"labels": map[string]any{"case": namespace}}})
	out, code := ask(t, "audit", "-A", "-l", "case="+namespace, "-o", "wide")
	if code != 1 || !strings.Contains(out, "injected with other templates or values than today's") || !strings.Contains(out, "1 pod looked at") {
		t.Errorf("-A -l -o wide: exit code %d, it prints:\n%s", code, out)
	}
	if out, code = ask(t, "audit", "-l", "case="+namespace, "-o", "yaml"); code != 1 || !strings.Contains(out, "finding: outdated") || !strings.Contains(out, "namespace: "+namespace) {
		t.Errorf("-l -o yaml: exit code %d, it prints:\n%s", code, out)
	}
	if _, problems, code := auditing(t, "-n", namespace+"-none"); code != 2 || !strings.Contains(problems, fmt.Sprintf("error: read namespace %q: namespaces %q not found\n", namespace+"-none", namespace+"-none")) {
		t.Errorf("a namespace that does not exist: exit code %d, %s", code, problems)
	}
}

// auditing runs audit for the chart's injector.
func auditing(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shared.Binary, append([]string{"audit", "--kubeconfig=" + shared.Kubeconfig, "--injector=" + cluster.Release}, args...)...)
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), problems.String(), cmd.ProcessState.ExitCode()
}

// TestAuditRestarts: workloads that are older than their namespace's label get
// their sidecars, each once; one whose pods do not come up ends the restarts.
func TestAuditRestarts(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	kubectl := func(args ...string) string {
		t.Helper()
		out, _, err := shared.Kubectl(t.Context(), "", append([]string{"-n", namespace}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	kubectl("create", "deployment", "web", "--image=nginx:1.21", "--replicas=2")
	kubectl("create", "deployment", "held", "--image=nginx:1.21")
	kubectl("run", "bare", "--image=nginx:1.21")
	manual := newSet(namespace, "manual")
	manual.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
	for _, set := range []*appsv1.StatefulSet{newSet(namespace, "db"), manual} {
		if _, err := shared.Client.AppsV1().StatefulSets(namespace).Create(t.Context(), set, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	waitForPods(t, namespace, "app=web", 2)
	waitForPods(t, namespace, "app in (held,db,manual)", 3)
	kubectl("rollout", "pause", "deployment/held")
	kubectl("label", "namespace", namespace, namespaceKey+"=enabled")

	if report, code := audited(t, namespace); code != 1 || len(report.Findings) != 5 || report.Findings[1].Name != "web" || report.Findings[1].Pods != 2 || report.Findings[1].Finding != audit.Missing {
		t.Fatalf("exit code %d before: %+v", code, report)
	}
	if _, problems, code := auditing(t, "-n", namespace, "--restart"); code != 2 || !strings.Contains(problems, "standard input is no terminal: --yes answers") {
		t.Errorf("without a terminal to ask, exit code %d: %s", code, problems)
	}
	_, problems, code := auditing(t, "-n", namespace, "--restart", "--yes", "--timeout", "3s")
	for _, want := range []string{"pod/bare in " + namespace + " is not restarted: create it anew\n",
		"[1/4] " + namespace + " deployment/held: left alone, its rollout is paused\n", "[2/4] " + namespace + " deployment/web: ",
		"error: restart deployment/web in " + namespace + ": not up after 3s: ", "; the 2 workloads after it are not restarted\n"} {
		if !strings.Contains(problems, want) {
			t.Errorf("with pods that do not come up it does not say %q:\n%s", want, problems)
		}
	}
	stamp := kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template.metadata.annotations}")
	if code != 2 || !strings.Contains(stamp, "kubectl.kubernetes.io/restartedAt") {
		t.Errorf("with pods that do not come up, exit code %d, want 2; the template has %s", code, stamp)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go makeReady(ctx, namespace)
	_, problems, code = auditing(t, "-n", namespace, "--restart", "--yes", "--timeout", "60s")
	for _, want := range []string{"statefulset/db: restarted, 1 pod\n",
		"statefulset/manual: left alone, its update strategy is OnDelete: delete its pods one by one\n", "afterwards: 6 pods looked at, 3 with a sidecar: 3 pods of 3 workloads to see to\n"} {
		if !strings.Contains(problems, want) {
			t.Errorf("it does not say %q:\n%s", want, problems)
		}
	}
	if after := kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template.metadata.annotations}"); code != 1 || after != stamp {
		t.Errorf("exit code %d, want 1, as some are left; the template had %s and has %s", code, stamp, after)
	}
	var left []string
	report, _ := audited(t, namespace)
	for _, group := range report.Findings {
		left = append(left, group.Name)
	}
	if diff := cmp.Diff([]string{"held", "bare", "manual"}, left); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

// newSet is a StatefulSet of one pod.
func newSet(namespace, name string) *appsv1.StatefulSet {
	labels := map[string]string{"app": name}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: appsv1.StatefulSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: newPod(namespace).Spec},
		},
	}
}

// TestAuditRights: the rights that --help names are enough, and without one the
// error says which it is.
func TestAuditRights(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	user := "auditor-" + namespace
	kubectl := func(args ...string) {
		t.Helper()
		if _, _, err := shared.Kubectl(t.Context(), "", args...); err != nil {
			t.Fatal(err)
		}
	}
	grant := func(name, in string, args ...string) {
		t.Helper()
		if in == "" {
			kubectl(append([]string{"create", "clusterrole", name}, args...)...)
			kubectl("create", "clusterrolebinding", name, "--clusterrole="+name, "--user="+user)
			t.Cleanup(func() {
				_, _, _ = shared.Kubectl(context.WithoutCancel(t.Context()), "", "delete", "clusterrole,clusterrolebinding", name)
			})
			return
		}
		kubectl(append([]string{"create", "role", name, "-n", in}, args...)...)
		kubectl("create", "rolebinding", name, "-n", in, "--role="+name, "--user="+user)
	}
	refused := func(want string, args ...string) {
		t.Helper()
		if _, problems, code := auditing(t, append(args, "--as="+user)...); code != 2 || !strings.HasPrefix(problems, "error: ") || strings.Count(problems, "\n") != 1 || !strings.Contains(problems, want) {
			t.Errorf("exit code %d, want 2 and one line with %q:\n%s", code, want, problems)
		}
	}
	refused(`cannot get resource "mutatingwebhookconfigurations"`)
	grant(user+"-webhooks", "", "--verb=get", "--resource=mutatingwebhookconfigurations.admissionregistration.k8s.io")
	refused(`cannot list resource "deployments" in API group "apps" at the cluster scope` + "\n") // a URL, as here, has no Service
	grant(user+"-deployments", "", "--verb=list", "--resource=deployments.apps")
	refused(`cannot get resource "configmaps"`)
	grant(user, cluster.Release, "--verb=get", "--resource=configmaps")
	refused(`cannot list resource "namespaces" in API group "" at the cluster scope; this looks at the whole cluster, -n at one namespace`)
	refused(`cannot get resource "namespaces"`, "-n", namespace)
	grant(user, namespace, "--verb=get", "--resource=namespaces")
	refused(`list pods: pods is forbidden: User "`+user+`" cannot list resource "pods" in API group "" in the namespace "`+namespace+`"`, "-n", namespace)
	grant(user+"-pods", namespace, "--verb=list", "--resource=pods")
	if _, problems, code := auditing(t, "-n", namespace, "--as="+user); code != 0 {
		t.Errorf("with all rights of one namespace, exit code %d: %s", code, problems)
	}
	grant(user+"-all", "", "--verb=list", "--resource=namespaces,pods")
	if _, problems, code := auditing(t, "--as="+user, "-l", "none=such"); code != 0 {
		t.Errorf("with all rights, exit code %d: %s", code, problems)
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
