package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// attacks are pods whose author wants code of his own to run with the privileges that injection gives.
var attacks = []struct {
	name, annotations, containers string
	// own says that a container with such privileges runs what the pod brought.
	own func(corev1.Container) bool
}{
	{"an image for the init container", `sidecar.istio.io/proxyImage: evil.example/init`, ``, ownImage},
	{"an image for the proxy with TPROXY", `sidecar.istio.io/proxyImage: evil.example/proxy, sidecar.istio.io/interceptionMode: TPROXY`, ``, ownImage},
	{"an image in an override of the init container", ``, `{name: istio-init, image: evil.example/init}`, ownImage},
	{"a command in an override of the init container", ``, `{name: istio-init, image: auto, command: [/evil]}`, func(c corev1.Container) bool { return slices.Contains(c.Command, "/evil") }},
	{"a volume over the libraries of the proxy with TPROXY", `sidecar.istio.io/interceptionMode: TPROXY, sidecar.istio.io/userVolume: '{"evil":{"configMap":{"name":"evil"}}}', sidecar.istio.io/userVolumeMount: '{"evil":{"mountPath":"/lib"}}'`, ``,
		func(c corev1.Container) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/lib" })
		}},
	{"a bootstrap for the proxy with TPROXY", `sidecar.istio.io/interceptionMode: TPROXY, sidecar.istio.io/bootstrapOverride: evil`, ``,
		func(c corev1.Container) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/etc/istio/custom-bootstrap" })
		}},
	{"an image for a proxy that traces its rules", `sidecar.istio.io/proxyImage: evil.example/proxy, proxy.istio.io/config: '{"proxyMetadata":{"IPTABLES_TRACE_LOGGING":"true"}}'`, ``, ownImage},
}

func ownImage(c corev1.Container) bool {
	return c.Image == "evil.example/init" || c.Image == "evil.example/proxy"
}

// TestPrivileges shows which attacks give code of a pod's author the capability NET_ADMIN, or all privileges, by what
// injection adds: with Istio's webhook and with ours where nothing is said all of them, with the policy that protects
// privileged containers none.
func TestPrivileges(t *testing.T) {
	table := newTable("privileges", "what the pod brings", "Istio's webhook", "ours, open", "ours, protected")
	c, err := renderChart(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	c.classic = true
	protected := c
	protected.podPolicy = "{privilegedContainers: protected}"
	var webhooks []*injector
	for _, make := range []func() (*injector, error){
		func() (*injector, error) { return newIstios(c, stopOf(t)) },
		func() (*injector, error) { return newOurs(c) },
		func() (*injector, error) { return newOurs(protected) },
	} {
		webhook, err := make()
		if err != nil {
			t.Fatal(err)
		}
		webhooks = append(webhooks, webhook)
	}
	for _, attack := range attacks {
		var pod map[string]any
		text := fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {%s}}, spec: {containers: [{name: app, image: app}, %s]}}`, attack.annotations, attack.containers)
		if err := yaml.Unmarshal([]byte(text), &pod); err != nil {
			t.Fatal(err)
		}
		sent, err := newSubmission(pod, "shop")
		if err != nil {
			t.Fatal(err)
		}
		var results []string
		for _, webhook := range webhooks {
			results = append(results, attacked(webhook, sent, attack.own))
		}
		problem := ""
		if want := []string{"given", "given", "denied"}; !slices.Equal(results, want) {
			problem = fmt.Sprintf("    got %v, want %v", results, want)
		}
		table.row(problem, append([]string{attack.name}, results...)...)
	}
	table.finish(t)
}

// attacked says what became of an attack.
func attacked(webhook *injector, sent submission, own func(corev1.Container) bool) string {
	got, err := webhook.admit(sent)
	if err != nil {
		return err.Error()
	}
	if got.denied {
		return "denied"
	}
	var pod corev1.Pod
	if err := json.Unmarshal(got.pod, &pod); err != nil {
		return err.Error()
	}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		security := container.SecurityContext
		privileged := security != nil && (security.Privileged != nil && *security.Privileged ||
			security.Capabilities != nil && slices.Contains(security.Capabilities.Add, "NET_ADMIN"))
		if privileged && own(container) {
			return "given"
		}
	}
	return "not given"
}
