package cluster_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	cpuLimit    = "sidecar.istio.io/proxyCPULimit"
	memoryLimit = "sidecar.istio.io/proxyMemoryLimit"
)

// TestPreviewServerOfQuantities: a quantity in a form that the API server does not store is no difference to what is
// previewed, though the webhook is asked again about the stored form; nor is it one that there are no limits.
func TestPreviewServerOfQuantities(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	previewQuantities(t, namespace)
	t.Run("no limits", func(t *testing.T) { previewPod(t, namespace, cpuLimit+`: "", `+memoryLimit+`: ""`, "") })
}

// previewQuantities holds preview to what the API server makes of pods with quantities in several forms.
func previewQuantities(t *testing.T, namespace string) {
	t.Helper()
	for name, annotation := range map[string]string{
		"thousandths":         cpuLimit + `: 2000m`,
		"a fraction":          cpuLimit + `: "1.5"`,
		"1024 mebibytes":      memoryLimit + `: 1024Mi`,
		"half a gibibyte":     memoryLimit + `: 0.5Gi`,
		"the form it is kept": cpuLimit + `: "2"`,
	} {
		t.Run(name, func(t *testing.T) { previewPod(t, namespace, annotation, "") })
	}
	t.Run("resources of the pod as a whole", func(t *testing.T) {
		needs(t, 34)
		previewPod(t, namespace, "", "resources: {requests: {cpu: 1000m, memory: 1024Mi}, limits: {cpu: 2000m, memory: 1024Mi}}, ")
	})
}

// previewPod holds preview to what the API server makes of a pod with these annotations and fields of its spec, and an init
// container.
func previewPod(t *testing.T, namespace, annotations, fields string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pod.yaml")
	manifest := `{apiVersion: v1, kind: Pod, metadata: {name: web, annotations: {sidecar.istio.io/inject: "true", ` + annotations + `}}, spec: {` + fields + `initContainers: [{name: first, image: "nginx:1"}], containers: [{name: app, image: "nginx:1"}]}}`
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := ask(t, "preview", "-n", namespace, "-f", file, "--server"); code != 0 {
		t.Errorf("exit code %d, want 0\n%s", code, out)
	}
}

// TestAnnotationAfterInjectionByHand: an annotation that is changed in a workload which was injected by hand sets the limit
// of its pods, in whatever form the limit was written first.
func TestAnnotationAfterInjectionByHand(t *testing.T) {
	t.Parallel()
	for _, limit := range []string{"2000m", "2"} {
		t.Run(limit, func(t *testing.T) {
			namespace := newNamespace(t, nil)
			file := filepath.Join(t.TempDir(), "workload.yaml")
			workload := `{apiVersion: apps/v1, kind: Deployment, metadata: {name: hand}, spec: {replicas: 0, selector: {matchLabels: {app: hand}}, template: {metadata: {labels: {app: hand}, annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/proxyCPULimit: "` + limit + `"}}, spec: {containers: [{name: app, image: "nginx:1"}]}}}}`
			if err := os.WriteFile(file, []byte(workload), 0o600); err != nil {
				t.Fatal(err)
			}
			injected, code := ask(t, "preview", "-n", namespace, "-f", file, "--live", "-o", "yaml")
			if code != 0 {
				t.Fatalf("preview: exit code %d", code)
			}
			if _, _, err := shared.Kubectl(t.Context(), injected, "-n", namespace, "apply", "-f", "-"); err != nil {
				t.Fatal(err)
			}
			stored, err := shared.Client.AppsV1().Deployments(namespace).Get(t.Context(), "hand", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			template := stored.Spec.Template
			if found := proxyLimit(template.Spec); found != "2" {
				t.Fatalf("the stored template limits the proxy to %q CPUs, want it injected by hand, with 2", found)
			}
			template.Annotations["sidecar.istio.io/proxyCPULimit"] = "3"
			pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
			pod.Name, pod.Namespace = "hand", namespace
			if found := proxyLimit(mustCreate(t, pod).Spec); found != "3" {
				t.Errorf("the pod limits the proxy to %q CPUs, want 3", found)
			}
		})
	}
}

// proxyLimit returns how many CPUs the proxy may have; empty if there is no proxy, or no limit.
func proxyLimit(spec corev1.PodSpec) string {
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		if limit, ok := container.Resources.Limits[corev1.ResourceCPU]; ok && container.Name == proxyName {
			return limit.String()
		}
	}
	return ""
}
