package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// injectedByIstio makes the pod look like one that Istio's injector made.
func injectedByIstio(pod *corev1.Pod) {
	annotation("sidecar.istio.io/status", `{"initContainers":["istio-init"],"containers":["istio-proxy"],"revision":"default"}`)(pod)
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "istio-init", Image: "docker.io/istio/proxyv2:1.27.0", Args: []string{"istio-iptables"}})
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "istio-proxy", Image: "docker.io/istio/proxyv2:1.27.0", Args: []string{"proxy", "sidecar"}})
}

// TestInjectedByOther: a pod with another injector's proxy is stored as it would
// be without us.
func TestInjectedByOther(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		labels map[string]string
		tweaks []tweak
		entry  string
	}{
		"that asks":                {nil, []tweak{injectedByIstio, asks}, podWebhook},
		"in a labelled namespace":  {injecting, []tweak{injectedByIstio}, spaceWebhook},
		"that was injected native": {injecting, []tweak{injectedByIstio, nativeIstio}, spaceWebhook},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			pod := newPod(newNamespace(t, c.labels), c.tweaks...)
			stored := mustCreate(t, pod)
			checkReason(t, pod, c.entry, "skip", string(webhook.ReasonInjectedByOther))
			checkUntouched(t, pod, stored)
		})
	}
}

// nativeIstio moves Istio's proxy to the init containers.
func nativeIstio(pod *corev1.Pod) {
	last := len(pod.Spec.Containers) - 1
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, pod.Spec.Containers[last])
	pod.Spec.Containers = pod.Spec.Containers[:last]
	always := corev1.ContainerRestartPolicyAlways
	pod.Spec.InitContainers[len(pod.Spec.InitContainers)-1].RestartPolicy = &always
}

// checkUntouched checks that a pod is stored as it would be without us.
func checkUntouched(t *testing.T, submitted, stored *corev1.Pod) {
	t.Helper()
	plain := submitted.DeepCopy()
	plain.Name += "-plain"
	want, err := shared.Stored(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cluster.Comparable(want), cluster.Comparable(stored)); diff != "" {
		t.Errorf("the pod was changed (-without us +stored):\n%s", diff)
	}
}

// TestForgedStatus: what a pod's author writes into the status annotation makes
// no difference to what is injected, nor to what the pod's author wrote.
func TestForgedStatus(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	honest := mustCreate(t, newPod(namespace, asks))
	genuine := honest.Annotations[statusKey]
	for sentence, status := range map[string]string{
		"a genuine one of another pod":    genuine,
		"one that claims the app":         `{"templates":["envoy"],"containers":{"app":"AAAAAAAAAAAAAAAA","sidecar-proxy":"AAAAAAAA"}}`,
		"one whose claims are the app's":  strings.ReplaceAll(genuine, proxyName, "app"),
		"one that says: done already":     `{"templates":["envoy"],"containers":{}}`,
		"one that is empty":               "",
		"one that is not JSON":            "true",
		"one of the wrong types":          `{"containers":["app"],"templates":7}`,
		"one that names unknown":          `{"revision":"x","templates":["nothing"],"containers":{"nobody":"AAAA"}}`,
		"a list of containers as Istio's": `{"initContainers":["app"],"containers":["app"]}`,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			forged := mustCreate(t, newPod(namespace, asks, annotation(statusKey, status)))
			checkInjected(t, forged)
			if diff := cmp.Diff(cluster.Comparable(honest), cluster.Comparable(forged)); diff != "" {
				t.Errorf("the pod differs from one without the forged annotation (-honest +forged):\n%s", diff)
			}
			silent := newPod(namespace, annotation(statusKey, status))
			checkUntouched(t, silent, mustCreate(t, silent))
		})
	}
}

// TestLimitRange: the namespace's defaults reach the sidecar like any container,
// where it says nothing itself.
func TestLimitRange(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, injecting)
	_, err := shared.Client.CoreV1().LimitRanges(namespace).Create(t.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "defaults"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type:           corev1.LimitTypeContainer,
			DefaultRequest: resources("77m", "77Mi"),
			Default:        resources("3", "3Gi"),
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The API server's plugin sees the LimitRange a moment later.
	err = cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		pod := mustCreate(t, newPod(namespace))
		checkInjected(t, pod)
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				if container.Resources.Limits.Name(name, resource.DecimalSI).IsZero() || container.Resources.Requests.Name(name, "").IsZero() {
					return fmt.Errorf("container %s has the resources %v, want requests and limits", container.Name, container.Resources)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestResourceQuota: the sidecar counts, and a pod that is too big with it is
// refused by the API server in its own words.
func TestResourceQuota(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, injecting)
	quotas := shared.Client.CoreV1().ResourceQuotas(namespace)
	_, err := quotas.Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "quota"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"requests.cpu": resource.MustParse("1"), "requests.memory": resource.MustParse("1Gi")}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The controller has to have counted before the plugin lets anything in.
	err = cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		quota, err := quotas.Get(ctx, "quota", metav1.GetOptions{})
		if err == nil && len(quota.Status.Hard) == 0 {
			err = fmt.Errorf("the quota has no status yet")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pod := mustCreate(t, newPod(namespace, requests("600m", "64Mi")))
	checkInjected(t, pod)
	quota, err := quotas.Get(t.Context(), "quota", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	used := quota.Status.Used["requests.cpu"]
	want := resource.MustParse("600m")
	want.Add(*pod.Spec.InitContainers[1].Resources.Requests.Cpu())
	if used.Cmp(want) != 0 {
		t.Errorf("the quota has %s CPU used, want %s: the app's and the sidecar's", used.String(), want.String())
	}
	result := create(t, newPod(namespace, requests("400m", "64Mi")))
	if result.err == nil || !strings.Contains(result.err.Error(), "exceeded quota") {
		t.Errorf("create a pod that fits without its sidecar: %v, want that it exceeds the quota", result.err)
	}
}

func resources(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

func requests(cpu, memory string) tweak {
	return func(pod *corev1.Pod) { pod.Spec.Containers[0].Resources.Requests = resources(cpu, memory) }
}

// TestPodSecurity: where the namespace's Pod Security level forbids the init
// container, the API server refuses the pod, and a warning of ours says what to
// do. Without traffic capture the pod fits the strictest level.
func TestPodSecurity(t *testing.T) {
	t.Parallel()
	const enforce = "pod-security.kubernetes.io/enforce"
	none := annotation("sidecar.istio.io/interceptionMode", "NONE")
	for sentence, c := range map[string]struct {
		level   string
		tweaks  []tweak
		refused bool
		warning string
	}{
		"privileged":                       {"privileged", []tweak{asks}, false, ""},
		"baseline":                         {"baseline", []tweak{asks}, true, `enforces Pod Security "baseline`},
		"restricted":                       {"restricted", []tweak{asks, restricted}, true, `enforces Pod Security "restricted`},
		"restricted, no traffic capture":   {"restricted", []tweak{asks, restricted, none}, false, ""},
		"restricted, broken by the pod":    {"restricted", []tweak{asks}, true, ""},
		"restricted, the pod does not ask": {"restricted", []tweak{restricted}, false, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			result := create(t, newPod(newNamespace(t, map[string]string{enforce: c.level}), c.tweaks...))
			if refused := result.err != nil; refused != c.refused {
				t.Errorf("create the pod: %v, want refused: %v", result.err, c.refused)
			}
			if c.refused && result.err != nil && !strings.Contains(result.err.Error(), "violates PodSecurity") {
				t.Errorf("refused with %v, want the API server's own message", result.err)
			}
			checkWarning(t, result.warnings, c.warning)
		})
	}
}

// restricted makes the pod fit the Pod Security level of that name.
func restricted(pod *corev1.Pod) {
	yes, no, uid := true, false, int64(1000)
	pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{
		RunAsNonRoot: &yes, RunAsUser: &uid, AllowPrivilegeEscalation: &no,
		Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}
