package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// lookedAt is when the tests' pods are looked at.
var lookedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newAuditor(t testing.TB, values string, optedIn ...string) *Auditor {
	t.Helper()
	return newAuditorOf(t, "", values, optedIn...)
}

func newAuditorOf(t testing.TB, configuration, values string, optedIn ...string) *Auditor {
	t.Helper()
	config, err := webhook.Parse([]byte(configuration), []byte(values))
	if err != nil {
		t.Fatal(err)
	}
	webhooks, err := selection.Default(config)
	if err != nil {
		t.Fatal(err)
	}
	var live []metav1.ObjectMeta
	for _, name := range optedIn {
		live = append(live, metav1.ObjectMeta{Name: name, Labels: map[string]string{"istio-injection": "enabled"}})
	}
	namespaces, err := manifest.NewNamespaces(nil, nil, live...)
	if err != nil {
		t.Fatal(err)
	}
	auditor, err := New(Options{Config: config, Webhooks: webhooks, Namespaces: namespaces, Now: lookedAt})
	if err != nil {
		t.Fatal(err)
	}
	return auditor
}

// livePod is a pod of a Deployment as it stands in a cluster.
func livePod(number int, change ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", GenerateName: "web-5c9f-", Name: fmt.Sprintf("web-5c9f-%05d", number), UID: "1",
			Labels:          map[string]string{"app": "web", "pod-template-hash": "5c9f"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-5c9f", Controller: ptr.To(true)}},
		},
		Spec: corev1.PodSpec{
			NodeName:   fmt.Sprintf("node-%d", number),
			Volumes:    []corev1.Volume{{Name: fmt.Sprintf("kube-api-access-%05d", number)}},
			Containers: []corev1.Container{{Name: "app", Image: "app:1", VolumeMounts: []corev1.VolumeMount{{Name: fmt.Sprintf("kube-api-access-%05d", number), MountPath: "/var/run/secrets"}}}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, change := range change {
		change(pod)
	}
	return pod
}

func annotate(key, value string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { metav1.SetMetaDataAnnotation(&pod.ObjectMeta, key, value) }
}

// injectedBy returns the pod as an engine injects it.
func injectedBy(t testing.TB, engine *templates.Engine, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	raw := map[string]any{}
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	result, err := engine.Inject(templates.Input{Pod: raw, Namespace: metav1.ObjectMeta{Name: pod.Namespace}})
	if err != nil {
		t.Fatal(err)
	}
	if text, err = json.Marshal(result.Pod); err != nil {
		t.Fatal(err)
	}
	var injected corev1.Pod
	if err := json.Unmarshal(text, &injected); err != nil {
		t.Fatal(err)
	}
	return &injected
}

// TestLook has each finding, and beside it the pod that is as it should be.
func TestLook(t *testing.T) {
	asks, refuses := annotate("sidecar.istio.io/inject", "true"), annotate("sidecar.istio.io/inject", "false")
	auditor := newAuditor(t, "")
	engine := auditor.options.Config.Engine()
	older := newAuditor(t, "proxy: {logLevel: debug}").options.Config.Engine()
	blue := newAuditorOf(t, "revision: blue", "").options.Config.Engine()
	bluer := newAuditorOf(t, "revision: blue", "proxy: {logLevel: debug}").options.Config.Engine()
	status := func(name string, status corev1.ContainerStatus) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			status.Name = name
			pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, status)
		}
	}
	overridden := func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "sidecar-proxy", Image: "mine:1"})
	}
	image := func(pod *corev1.Pod) {
		for i := range pod.Spec.InitContainers {
			if pod.Spec.InitContainers[i].Name == "sidecar-proxy" {
				pod.Spec.InitContainers[i].Image = "patched:1"
			}
		}
	}
	after := func(pod *corev1.Pod, change ...func(*corev1.Pod)) *corev1.Pod {
		for _, change := range change {
			change(pod)
		}
		return pod
	}
	runningFor := func(time time.Duration) corev1.ContainerState {
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(lookedAt.Add(-time))}}
	}
	running, begun := runningFor(time.Hour), runningFor(2*time.Second)
	unhashed := func(pod *corev1.Pod) {
		for key, value := range pod.Annotations {
			pod.Annotations[key] = strings.ReplaceAll(value, `"hash":`, `"before":`)
		}
	}
	crash := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	cases := map[string]struct {
		pod    *corev1.Pod
		want   Kind // "" for none
		detail string
	}{
		"a pod that asks for nothing":        {livePod(1), "", ""},
		"a pod that asks and has none":       {livePod(1, asks), Missing, `the pod's annotation sidecar.istio.io/inject is "true"`},
		"a pod that asks and has it":         {injectedBy(t, engine, livePod(1, asks)), "", ""},
		"a pod that asks for what fails":     {livePod(1, asks, annotate("sidecar.istio.io/logLevel", "loud")), Failed, `annotation "sidecar.istio.io/logLevel": "loud" is not allowed`},
		"one that has it and refuses":        {after(injectedBy(t, engine, livePod(1)), refuses), Unwanted, `the pod's annotation sidecar.istio.io/inject is "false"`},
		"one of older values":                {injectedBy(t, older, livePod(1, asks)), Outdated, "injected with other templates or values than today's"},
		"one whose image was patched":        {after(injectedBy(t, engine, livePod(1, asks)), image), Image, "sidecar-proxy runs the image patched:1, today's is docker.io/envoyproxy/envoy"},
		"one with an image of its author":    {injectedBy(t, engine, livePod(1, asks, overridden)), "", ""},
		"one whose proxy crashes":            {after(injectedBy(t, engine, livePod(1, asks)), status("sidecar-proxy", corev1.ContainerStatus{State: crash, RestartCount: 7})), NotReady, "sidecar-proxy waits: CrashLoopBackOff (7 restarts)"},
		"one whose proxy is not ready":       {after(injectedBy(t, engine, livePod(1, asks)), status("sidecar-proxy", corev1.ContainerStatus{State: running})), NotReady, "sidecar-proxy has run since 2026-01-02T02:04:05Z and is not ready (0 restarts)"},
		"one whose proxy is ready":           {after(injectedBy(t, engine, livePod(1, asks)), status("sidecar-proxy", corev1.ContainerStatus{State: running, Ready: true})), "", ""},
		"one whose proxy has just begun":     {after(injectedBy(t, engine, livePod(1, asks)), status("sidecar-proxy", corev1.ContainerStatus{State: begun})), "", ""},
		"one whose init program runs":        {after(injectedBy(t, engine, livePod(1, asks)), status("sidecar-init", corev1.ContainerStatus{State: begun})), "", ""},
		"one whose init program hangs":       {after(injectedBy(t, engine, livePod(1, asks)), status("sidecar-init", corev1.ContainerStatus{State: running})), NotReady, "sidecar-init has run since 2026-01-02T02:04:05Z and has not ended (0 restarts)"},
		"one of another injector":            {injectedBy(t, blue, livePod(1)), "", ""},
		"one of another that asks for ours":  {injectedBy(t, bluer, livePod(1, asks)), Outdated, "injected by the revision blue, today it is default"},
		"one of a version without hashes":    {after(injectedBy(t, engine, livePod(1, asks)), unhashed), Outdated, "injected by a program that did not record what it injected"},
		"a static pod's mirror":              {livePod(1, asks, annotate(corev1.MirrorPodAnnotationKey, "x")), "", ""},
		"a pod of the system":                {livePod(1, asks, func(pod *corev1.Pod) { pod.Namespace = "kube-system" }), "", ""},
		"one whose init program failed":      {after(injectedBy(t, engine, livePod(1, asks)), status("sidecar-init", corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}})), NotReady, "sidecar-init ended with exit code 1"},
		"one whose application is not ready": {after(injectedBy(t, engine, livePod(1, asks)), status("app", corev1.ContainerStatus{State: crash})), "", ""},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			before := c.pod.DeepCopy()
			finding, _, err := auditor.Look(t.Context(), c.pod)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, c.pod); diff != "" {
				t.Errorf("the pod was changed:\n%s", diff)
			}
			if finding == nil {
				finding = &Finding{}
			}
			if finding.Kind != c.want || !strings.Contains(finding.Detail, c.detail) {
				t.Errorf("found %+v, want %q, %s", finding, c.want, c.detail)
			}
		})
	}
}

// TestReport: by workload, what to do first, and bounded.
func TestReport(t *testing.T) {
	auditor := newAuditor(t, "", "shop")
	var collector Collector
	var pods []corev1.Pod
	for i := range 10 {
		pods = append(pods, *livePod(i))
	}
	bare := livePod(11, func(pod *corev1.Pod) { pod.Name, pod.OwnerReferences = "bare", nil }, annotate("sidecar.istio.io/logLevel", "loud"))
	ended := livePod(12, func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodSucceeded })
	gone := livePod(13, func(pod *corev1.Pod) { pod.DeletionTimestamp = &metav1.Time{} })
	elsewhere := livePod(14, func(pod *corev1.Pod) { pod.Namespace = "other" })
	if err := auditor.Collect(t.Context(), append(pods, *bare, *ended, *gone, *elsewhere), &collector); err != nil {
		t.Fatal(err)
	}
	report := collector.Report()
	want := &Report{Pods: 12, Findings: []Group{
		{Workload{"shop", "Deployment", "web"}, Missing, `the namespace "shop" opted in by its label istio-injection=enabled`, 10, report.Findings[0].Examples, "restart it"},
		{Workload{"shop", "Pod", "bare"}, Failed, report.Findings[len(report.Findings)-1].Detail, 1, []string{"bare"}, "correct what its detail names"},
	}}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
	if examples := report.Findings[0].Examples; len(examples) != maxExamples || !slices.IsSorted(examples) {
		t.Errorf("the examples are %v", examples)
	}
	restart, others := report.Restartable()
	if diff := cmp.Diff([]Workload{{"shop", "Deployment", "web"}}, restart); diff != "" || len(others) != 0 {
		t.Errorf("what is restarted (-want +got), and not %v:\n%s", others, diff)
	}
}

// TestRestartable: what is not restarted is told, and why.
func TestRestartable(t *testing.T) {
	var collector Collector
	add := func(kind, name string, findings ...Kind) {
		for _, finding := range findings {
			pod := livePod(1, func(pod *corev1.Pod) {
				pod.Labels, pod.OwnerReferences[0].Kind, pod.OwnerReferences[0].Name = nil, kind, name
			})
			if kind == "Pod" {
				pod.OwnerReferences, pod.Name = nil, name
			}
			collector.Add(pod, true, &Finding{finding, "because"})
		}
	}
	add("DaemonSet", "agent", Missing, Outdated, NotReady)
	add("StatefulSet", "db", Unwanted)
	add("StatefulSet", "broken", Missing, Failed)
	add("StatefulSet", "failing", Failed)
	add("StatefulSet", "waiting", NotReady)
	add("ReplicaSet", "old", Image)
	add("Job", "once", Outdated)
	add("Pod", "bare", Missing)
	restart, others := collector.Report().Restartable()
	var left []string
	for _, other := range others {
		left = append(left, fmt.Sprintf("%s: %s, %s", other.short(), other.Finding, other.Remedy))
	}
	if diff := cmp.Diff([]Workload{{"shop", "DaemonSet", "agent"}, {"shop", "StatefulSet", "db"}}, restart); diff != "" {
		t.Errorf("restarted (-want +got):\n%s", diff)
	}
	want := []string{"pod/bare: missing, create it anew", "statefulset/broken: failed, correct what its detail names",
		"job/once: outdated, run it anew", "replicaset/old: image, delete its pods"}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("not restarted (-want +got):\n%s", diff)
	}
}
