package cluster_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// previewPatch runs `sidecar-injector preview -o patch` on an object, with the
// configuration that the running injector has, and applies the patch to what is
// at the pod template, given as JSON.
func previewPatch(t *testing.T, object any, template []byte, flags ...string) []byte {
	t.Helper()
	configuration, err := shared.Client.CoreV1().ConfigMaps(cluster.Release).Get(t.Context(), cluster.Release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := append([]string{"preview", "-f", "-", "-o", "patch"}, flags...)
	for _, key := range []string{"config", "values"} {
		file := filepath.Join(dir, key)
		if err := os.WriteFile(file, []byte(configuration.Data[key]), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+key+"="+file)
	}
	input, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), shared.Binary, args...)
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("preview: %v: %s", err, problems.Bytes())
	}
	patch, err := jsonpatch.DecodePatch(out.Bytes())
	if err != nil {
		t.Fatalf("decode what preview printed: %v\n%s", err, out.Bytes())
	}
	patched, err := patch.Apply(template)
	if err != nil {
		t.Fatalf("apply what preview printed: %v\n%s", err, out.Bytes())
	}
	return patched
}

// TestPreviewPatch: what preview says would become of a pod is what becomes of
// it. The API server adds its defaults to a stored pod, to the injected
// containers too. So that they stand on both sides, the previewed pod is sent
// through the same server with an opt-out, in a dry run, and both answers are
// compared whole.
func TestPreviewPatch(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		labels map[string]string
		tweaks []tweak
	}{
		"a minimal pod":               {nil, []tweak{asks}},
		"in a labelled namespace":     {injecting, nil},
		"a classic sidecar":           {nil, []tweak{asks, annotation("sidecar.istio.io/nativeSidecar", "false")}},
		"no traffic capture":          {nil, []tweak{asks, annotation("sidecar.istio.io/interceptionMode", "NONE")}},
		"resources by annotation":     {nil, []tweak{asks, annotation("sidecar.istio.io/proxyCPU", "123m"), annotation("sidecar.istio.io/proxyMemoryLimit", "1Gi")}},
		"capture annotations":         {nil, []tweak{asks, annotation("traffic.sidecar.istio.io/excludeOutboundPorts", "25,5432"), annotation("traffic.sidecar.istio.io/includeInboundPorts", "80")}},
		"a pod with much in it":       {nil, []tweak{asks, rich}},
		"an override of the sidecar":  {nil, []tweak{asks, override}},
		"an override, classic":        {nil, []tweak{asks, override, annotation("sidecar.istio.io/nativeSidecar", "false")}},
		"a pod that is not injected":  {nil, nil},
		"injected by another already": {injecting, []tweak{injectedByIstio}},
		"no service account token":    {nil, []tweak{asks, func(pod *corev1.Pod) { no := false; pod.Spec.AutomountServiceAccountToken = &no }}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, c.labels)
			pod := newPod(namespace, c.tweaks...)
			pod.APIVersion, pod.Kind = "v1", "Pod"
			submitted, err := json.Marshal(pod)
			if err != nil {
				t.Fatal(err)
			}
			var flags []string
			for key, value := range c.labels {
				flags = append(flags, "--namespace-labels="+key+"="+value)
			}
			patched := previewPatch(t, pod, submitted, flags...)
			checkPreview(t, patched, namespace, mustCreate(t, pod))
		})
	}
}

// TestPreviewExample is the same for the example, whose pods a controller makes.
func TestPreviewExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(shared.Repository, "examples", "myapp.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := yaml.Unmarshal(text, &deployment); err != nil {
		t.Fatal(err)
	}
	namespace := newNamespace(t, nil)
	if _, err := shared.Client.AppsV1().Deployments(namespace).Create(t.Context(), &deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	template, err := json.Marshal(deployment.Spec.Template)
	if err != nil {
		t.Fatal(err)
	}
	deployment.APIVersion, deployment.Kind = "apps/v1", "Deployment"
	patched := previewPatch(t, deployment, template, "-n", namespace)
	pods := waitForPods(t, namespace, "app=myapp", 2)
	for i := range pods {
		delete(pods[i].Labels, appsv1.DefaultDeploymentUniqueLabelKey) // the controller's
		checkPreview(t, patched, namespace, &pods[i])
	}
}

// checkPreview sends a previewed pod through the API server, where no injector
// touches it, and compares it with a stored one.
func checkPreview(t *testing.T, patched []byte, namespace string, stored *corev1.Pod) {
	t.Helper()
	var previewed corev1.Pod
	if err := json.Unmarshal(patched, &previewed); err != nil {
		t.Fatal(err)
	}
	previewed.Name, previewed.Namespace = stored.Name+"-previewed", namespace
	want, err := shared.Stored(t.Context(), &previewed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cluster.Comparable(want), cluster.Comparable(stored)); diff != "" {
		t.Errorf("the stored pod is not the previewed one (-previewed +stored):\n%s", diff)
	}
}

// rich gives the pod some of all that merging has to work with.
func rich(pod *corev1.Pod) {
	label("app", "rich")(pod)
	annotation("kubectl.kubernetes.io/default-container", "app")(pod)
	port := intstr.FromInt32(8080)
	pod.Spec.InitContainers = []corev1.Container{{Name: "first", Image: "first:1", Command: []string{"true"}}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "data"}, {Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/tmp"}}}}
	app := &pod.Spec.Containers[0]
	app.Ports = []corev1.ContainerPort{{ContainerPort: 53}, {ContainerPort: 53, Protocol: corev1.ProtocolUDP}, {ContainerPort: 8080, Name: "http"}}
	app.Env = []corev1.EnvVar{{Name: "B", Value: "2"}, {Name: "A", Value: "$(B)"}, {Name: "POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}}}
	app.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	app.ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Port: port}}}
	app.Resources.Limits = resources("500m", "256Mi")
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "beside", Image: "beside"})
}

// override is the pod's own wish for some of the sidecar's fields.
func override(pod *corev1.Pod) {
	uid := int64(4242)
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
		Name: proxyName, Image: "auto",
		Env:             []corev1.EnvVar{{Name: "MINE", Value: "yes"}},
		SecurityContext: &corev1.SecurityContext{RunAsUser: &uid},
	})
}

// TestPreviewDefaults holds each row of preview's table of what the API server
// fills in against what this one does.
func TestPreviewDefaults(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	for _, row := range simulate.Defaults() {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(row.Name, "image volume") || row.Name == "volume without source" { // whose example has one
				needs(t, 35)
			}
			example, err := row.Example()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			var pod corev1.Pod
			if err := json.Unmarshal(raw, &pod); err != nil {
				t.Fatal(err)
			}
			pod.GenerateName, pod.Namespace = "defaults-", namespace
			// What the types of this module's client leave out when empty must
			// not be sent otherwise than it stands in the example.
			result := createWith(t, &pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			if result.err != nil {
				t.Fatal(result.err)
			}
			stored, err := runtime.DefaultUnstructuredConverter.ToUnstructured(result.pod)
			if err != nil {
				t.Fatal(err)
			}
			before, want := row.Values(example), row.Values(stored)
			if len(want) == 0 {
				t.Fatalf("the API server fills in nothing: the row has no reason to be, or no example")
			}
			if cmp.Equal(before, want) {
				t.Errorf("the example has it already, so it shows nothing: %v", before)
			}
			if diff := cmp.Diff(want, row.Values(simulate.WithDefaults(example))); diff != "" {
				t.Errorf("preview and API server differ (-server +preview):\n%s", diff)
			}
		})
	}
}
