package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// What the injector adds, and the keys by which it is asked to.
const (
	initName     = "sidecar-init"
	proxyName    = "sidecar-proxy"
	statusKey    = "sidecar-injector.github.io/status"
	injectKey    = "sidecar.istio.io/inject"
	namespaceKey = "istio-injection"
	podWebhook   = "pod.sidecar-injector.github.io"
	spaceWebhook = "namespace.sidecar-injector.github.io"
	revisionKey  = "istio.io/rev"
	waitTimeout  = 30 * time.Second
	notCalled    = "" // as the reason: the webhook was not asked
)

// injecting labels a namespace whose pods are injected.
var injecting = map[string]string{namespaceKey: "enabled"}

// newNamespace makes a namespace for one case.
func newNamespace(t *testing.T, labels map[string]string) string {
	t.Helper()
	name := "case-" + rand.String(8)
	if err := shared.CreateNamespace(t.Context(), name, labels); err != nil {
		t.Fatal(err)
	}
	return name
}

// tweak changes one thing of the minimal pod.
type tweak func(*corev1.Pod)

// newPod returns a pod with one container, no labels and no annotations.
func newPod(namespace string, tweaks ...tweak) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod-" + rand.String(6), Namespace: namespace},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "nginx:1.21"}}},
	}
	for _, tweak := range tweaks {
		tweak(pod)
	}
	return pod
}

func label(key, value string) tweak {
	return func(pod *corev1.Pod) {
		if pod.Labels == nil {
			pod.Labels = map[string]string{}
		}
		pod.Labels[key] = value
	}
}

func annotation(key, value string) tweak {
	return func(pod *corev1.Pod) {
		if pod.Annotations == nil {
			pod.Annotations = map[string]string{}
		}
		pod.Annotations[key] = value
	}
}

// asks is how a pod asks for itself.
var asks = annotation(injectKey, "true")

// created is what came of creating a pod.
type created struct {
	pod      *corev1.Pod
	warnings []string
	err      error
}

// create creates a pod as an administrator would, and keeps the warnings.
func create(t *testing.T, pod *corev1.Pod) created {
	t.Helper()
	return createWith(t, pod, metav1.CreateOptions{})
}

func createWith(t *testing.T, pod *corev1.Pod, options metav1.CreateOptions) created {
	t.Helper()
	warnings := &warningList{}
	config := rest.CopyConfig(shared.Config)
	config.WarningHandler = warnings
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := client.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, options)
	return created{stored, warnings.texts, err}
}

// mustCreate is create for a pod that shall be accepted.
func mustCreate(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	result := create(t, pod)
	if result.err != nil {
		t.Fatalf("create pod %s: %v", pod.Name, result.err)
	}
	return result.pod
}

// warningList keeps the warnings of API responses.
type warningList struct {
	mu    sync.Mutex
	texts []string
}

// HandleWarningHeader is called by client-go for each warning.
func (w *warningList) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

// names lists containers in their order.
func names(containers []corev1.Container) []string {
	list := []string{}
	for _, container := range containers {
		list = append(list, container.Name)
	}
	return list
}

// checkSidecar checks that a pod is injected, once and rightly placed, or that
// nothing of it is there.
func checkSidecar(pod *corev1.Pod, want bool) error {
	inits, containers := names(pod.Spec.InitContainers), names(pod.Spec.Containers)
	_, marked := pod.Annotations[statusKey]
	if !want {
		for _, name := range slices.Concat(inits, containers) {
			if name == initName || name == proxyName {
				return fmt.Errorf("pod %s has the container %q, want no sidecar", pod.Name, name)
			}
		}
		if marked {
			return fmt.Errorf("pod %s has the annotation %q, want none", pod.Name, statusKey)
		}
		return nil
	}
	if len(inits) < 2 || inits[0] != initName || inits[1] != proxyName {
		return fmt.Errorf("pod %s has the init containers %v, want %s and %s first", pod.Name, inits, initName, proxyName)
	}
	if slices.Contains(inits[2:], initName) || slices.Contains(inits[2:], proxyName) || slices.Contains(containers, proxyName) {
		return fmt.Errorf("pod %s has the init containers %v and the containers %v, want one sidecar", pod.Name, inits, containers)
	}
	if policy := pod.Spec.InitContainers[1].RestartPolicy; policy == nil || *policy != corev1.ContainerRestartPolicyAlways {
		return fmt.Errorf("pod %s: %s is no native sidecar", pod.Name, proxyName)
	}
	if !marked {
		return fmt.Errorf("pod %s has no annotation %q", pod.Name, statusKey)
	}
	return nil
}

// checkInjected fails the test unless the pod is injected.
func checkInjected(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	if err := checkSidecar(pod, true); err != nil {
		t.Error(err)
	}
}

// waitForPods waits until so many pods match the selector, and returns them.
func waitForPods(t *testing.T, namespace, selector string, count int) []corev1.Pod {
	t.Helper()
	var list *corev1.PodList
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) (err error) {
		list, err = shared.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err == nil && len(list.Items) < count {
			err = fmt.Errorf("%d pods match %q in namespace %s, want %d", len(list.Items), selector, namespace, count)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// checkReason checks what the webhook said about the only creation of a pod: the
// reason, and by which entry it was asked. With notCalled it was not.
func checkReason(t *testing.T, pod *corev1.Pod, webhook, decision, reason string) {
	t.Helper()
	admission, err := shared.Admission(t.Context(), pod.Namespace, pod.Name)
	if err != nil {
		t.Fatal(err)
	}
	if reason == notCalled {
		if len(admission.Webhooks) != 0 {
			t.Errorf("the webhook was asked, and said %v; want it not to be asked", admission.Webhooks)
		}
		return
	}
	if len(admission.Webhooks) != 1 {
		t.Errorf("webhooks were asked: %v; want %s alone", admission.Webhooks, webhook)
	}
	got := admission.Webhooks[webhook]
	if got["decision"] != decision || got["reason"] != reason {
		t.Errorf("%s said decision %q, reason %q; want %q, %q", webhook, got["decision"], got["reason"], decision, reason)
	}
}

// checkWarning checks that one warning has the text, or with an empty text that
// there is none.
func checkWarning(t *testing.T, warnings []string, text string) {
	t.Helper()
	if text == "" {
		if len(warnings) != 0 {
			t.Errorf("warnings: %q, want none", warnings)
		}
		return
	}
	if !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, text) }) {
		t.Errorf("warnings: %q, want one with %q", warnings, text)
	}
}
