package cluster_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/explain"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// ask runs a command of the program against the cluster, for the chart's injector:
// tests install others beside it.
func ask(t *testing.T, args ...string) (stdout string, code int) {
	t.Helper()
	args = append(args, "--kubeconfig="+shared.Kubeconfig)
	if !slices.Contains(args, "--injector") {
		args = append(args, "--injector="+cluster.Release)
	}
	cmd := exec.CommandContext(t.Context(), shared.Binary, args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if problems.Len() > 0 {
		t.Logf("%s: %s", strings.Join(args, " "), problems.Bytes())
	}
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// explained is what explain says, as data.
func explained(t *testing.T, args ...string) explain.Explanation {
	t.Helper()
	out, code := ask(t, append([]string{"explain", "-o", "json"}, args...)...)
	if code != 0 {
		t.Fatalf("explain %s: exit code %d", strings.Join(args, " "), code)
	}
	var all []explain.Explanation
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("decode what explain printed: %v\n%s", err, out)
	}
	if len(all) != 1 {
		t.Fatalf("%d explanations, want 1", len(all))
	}
	return all[0]
}

// checkExplained: explain says of a pod what the API server and the injector did.
func checkExplained(t *testing.T, pod *corev1.Pod, c decisionCase) {
	t.Helper()
	got := explained(t, "pod/"+pod.Name, "-n", pod.Namespace)
	verdict, sidecar := explain.Skip, explain.SidecarNone
	switch {
	case c.inject:
		verdict, sidecar = explain.Inject, explain.SidecarCurrent
	case c.reason == notCalled:
		verdict = explain.NotCalled
	}
	if got.Verdict != verdict || c.reason != notCalled && got.Reason != c.reason {
		t.Errorf("explain says %s (%s), want %s (%s)", got.Verdict, got.Reason, verdict, c.reason)
	}
	if got.State == nil || got.State.Sidecar != sidecar {
		t.Errorf("explain says of the pod %+v, want %s", got.State, sidecar)
	}
	if verdict != explain.NotCalled {
		decided := slices.IndexFunc(got.Rules, func(step webhook.Step) bool { return step.Decided })
		if decided < 0 || got.Rules[decided].Reason != c.reason {
			t.Errorf("the rule that decided is number %d of %+v, want one that says %s", decided, got.Rules, c.reason)
		}
	}
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// laterThan waits until the API server's clock, which counts seconds, is past the
// creation of the pods.
func laterThan(t *testing.T, pods ...*corev1.Pod) {
	t.Helper()
	for _, pod := range pods {
		time.Sleep(time.Until(pod.CreationTimestamp.Add(1100 * time.Millisecond)))
	}
}

// TestExplainTellsApart: how a live pod came to be as it is.
func TestExplainTellsApart(t *testing.T) {
	t.Parallel()
	older := func(pod *corev1.Pod) []byte {
		status := strings.Replace(pod.Annotations[statusKey], `"hash":"`, `"hash":"0`, 1)
		return mustJSON(t, map[string]any{"metadata": map[string]any{"annotations": map[string]any{statusKey: status}}})
	}
	annotate := func(key, value string) func(*corev1.Pod) []byte {
		return func(*corev1.Pod) []byte {
			return mustJSON(t, map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}})
		}
	}
	for sentence, c := range map[string]struct {
		labels  map[string]string
		tweaks  []tweak
		patch   func(*corev1.Pod) []byte
		sidecar explain.Sidecar
		history string
	}{
		"injected by an older template":   {nil, []tweak{asks}, older, explain.SidecarOutdated, "other templates or values than today's"},
		"injected by another injector":    {injecting, []tweak{injectedByIstio}, nil, explain.SidecarOther, "of another injector, istio (revision default)"},
		"the same, where nobody opted in": {nil, []tweak{injectedByIstio}, nil, explain.SidecarOther, "of another injector, istio (revision default)"},
		"asked after it was created":      {nil, nil, annotate(injectKey, "true"), explain.SidecarMissing, "before its annotation " + injectKey + " was set"},
		"opted out after it was injected": {nil, []tweak{asks}, annotate(injectKey, "false"), explain.SidecarUnwanted, "before its annotation " + injectKey + " was set"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			pod := mustCreate(t, newPod(newNamespace(t, c.labels), c.tweaks...))
			if c.patch != nil {
				laterThan(t, pod)
				if _, err := shared.Client.CoreV1().Pods(pod.Namespace).Patch(t.Context(), pod.Name, types.StrategicMergePatchType, c.patch(pod), metav1.PatchOptions{FieldManager: "somebody-else"}); err != nil {
					t.Fatal(err)
				}
			}
			got := explained(t, "pod/"+pod.Name, "-n", pod.Namespace)
			if skipped := got.Reason == webhook.ReasonInjectedByOther; skipped != (c.sidecar == explain.SidecarOther && c.labels != nil) {
				t.Errorf("the reason is %q", got.Reason)
			}
			state := got.State
			if state == nil || state.Sidecar != c.sidecar || !strings.Contains(state.History, c.history) {
				t.Errorf("state %+v, want %s, and that it tells: %s", state, c.sidecar, c.history)
			}
		})
	}
}

// TestExplainBeforeTheLabel: the pods of a workload that are older than their
// namespace's label, one by one and counted.
func TestExplainBeforeTheLabel(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	if _, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "create", "deployment", "web", "--image=nginx:1.21", "--replicas=2"); err != nil {
		t.Fatal(err)
	}
	pods := waitForPods(t, namespace, "app=web", 2)
	laterThan(t, &pods[0], &pods[1])
	if _, _, err := shared.Kubectl(t.Context(), "", "label", "namespace", namespace, namespaceKey+"=enabled"); err != nil {
		t.Fatal(err)
	}
	got := explained(t, "pod/"+pods[0].Name, "-n", namespace)
	if got.State == nil || got.State.Sidecar != explain.SidecarMissing || !strings.Contains(got.State.History, "before the namespace's label "+namespaceKey+" was set") {
		t.Errorf("of a pod it says %+v", got.State)
	}
	got = explained(t, "deployment/web", "-n", namespace)
	if got.Verdict != explain.Inject || got.Pods == nil || *got.Pods != (explain.Pods{Without: 2}) {
		t.Errorf("of the workload it says %s, pods %+v", got.Verdict, got.Pods)
	}
	out, _ := ask(t, "explain", "deployment/web", "-n", namespace)
	if want := fmt.Sprintf(" rollout restart deployment/web -n %s", namespace); !strings.Contains(out, want) {
		t.Errorf("it does not say %q:\n%s", want, out)
	}
}

// TestExplainRemedies: every remedy that is told for a live workload does what it says,
// by the command as it is printed.
func TestExplainRemedies(t *testing.T) {
	t.Parallel()
	for sentence, labels := range map[string]map[string]string{"without a sidecar": nil, "with one": injecting} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			create := func() string {
				namespace := newNamespace(t, labels)
				if _, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "create", "deployment", "web", "--image=nginx:1.21"); err != nil {
					t.Fatal(err)
				}
				return namespace
			}
			told := explained(t, "deployment/web", "-n", create()).Remedies
			if len(told) == 0 {
				t.Fatal("no remedy is told")
			}
			for i := range told {
				namespace := create()
				remedies := explained(t, "deployment/web", "-n", namespace).Remedies
				if len(remedies) != len(told) {
					t.Fatalf("remedies %+v, before they were %+v", remedies, told)
				}
				for command := range strings.SplitSeq(remedies[i].Command, "\n") {
					runKubectl(t, command)
				}
				if got := explained(t, "deployment/web", "-n", namespace); got.Verdict != remedies[i].Verdict {
					t.Errorf("%s: it says %s afterwards, want %s", remedies[i].Change, got.Verdict, remedies[i].Verdict)
				}
			}
		})
	}
}

// runKubectl runs a command that explain printed, whose words are quoted at most whole.
func runKubectl(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(command)
	if len(words) < 2 || words[0] != "kubectl" {
		t.Fatalf("not a kubectl command: %q", command)
	}
	for i := range words {
		words[i] = strings.Trim(words[i], "'")
	}
	if _, _, err := shared.Kubectl(t.Context(), "", words[1:]...); err != nil {
		t.Errorf("%s: %v", command, err)
	}
}
