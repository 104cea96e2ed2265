package cluster_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestAccessValues shows what the chart makes of its values about who may reach the injector, by what the API server
// stores of it.
func TestAccessValues(t *testing.T) {
	chart := cluster.ChartOptions{
		Release: "access", Namespace: "access",
		Values: map[string]any{
			"config":   map[string]any{"namespaceLabel": "access-test=enabled"},
			"clientCA": map[string]any{"configMap": "api-servers", "key": "bundle.pem", "allowedNames": []any{"one", "two"}},
			"networkPolicy": map[string]any{
				"enabled": true, "apiServerCIDRs": []any{"10.0.0.0/28"},
				"metricsFrom": []any{map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"monitoring": "yes"}}}},
			},
		},
		Change: func(configuration map[string]any) { configuration["webhooks"] = []any{} }, // nobody answers
	}
	installRelease(t, chart)
	policy, err := shared.Client.NetworkingV1().NetworkPolicies("access").Get(t.Context(), "access", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	port := func(name string) []networkingv1.NetworkPolicyPort {
		return []networkingv1.NetworkPolicyPort{{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromString(name))}}
	}
	want := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": "sidecar-injector", "app.kubernetes.io/instance": "access"}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress: []networkingv1.NetworkPolicyIngressRule{
			{Ports: port("webhook"), From: []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/28"}}}},
			{Ports: port("health")},
			{Ports: port("metrics"), From: []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"monitoring": "yes"}}}}},
		},
	}
	if diff := cmp.Diff(want, policy.Spec); diff != "" {
		t.Errorf("network policy (-want +got):\n%s", diff)
	}
	deployment, err := shared.Client.AppsV1().Deployments("access").Get(t.Context(), "access", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	for _, arg := range []string{"--client-ca=/etc/sidecar-injector/client-ca/bundle.pem", "--client-allowed-names=one,two"} {
		if !slices.Contains(pod.Containers[0].Args, arg) {
			t.Errorf("arguments %q, want %s among them", pod.Containers[0].Args, arg)
		}
	}
	mounts := []corev1.VolumeMount{{Name: "client-ca", MountPath: "/etc/sidecar-injector/client-ca", ReadOnly: true}}
	if diff := cmp.Diff(mounts, pod.Containers[0].VolumeMounts); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	if len(pod.Volumes) != 1 || pod.Volumes[0].ConfigMap == nil || pod.Volumes[0].ConfigMap.Name != "api-servers" {
		t.Errorf("volumes %+v, want the ConfigMap", pod.Volumes)
	}
}

// TestPlainManifest: the API server takes every object of install.yaml as it stands, without Helm.
func TestPlainManifest(t *testing.T) {
	file := filepath.Join(shared.Repository, "manifests", "install.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// A dry run, and with another name, since the objects of its own are the other tests'.
	renamed := regexp.MustCompile(`(?m)^(  name: sidecar-injector)(.*)$`).ReplaceAllString(string(text), "$1-plain$2")
	out, problems, err := shared.Kubectl(t.Context(), renamed, "apply", "-f", "-", "--server-side", "--dry-run=server", "--validate=strict", "-o=name")
	if err != nil {
		t.Fatalf("%v: %s", err, problems)
	}
	if got, want := strings.Count(out, "\n"), strings.Count(string(text), "\nkind: "); got != want {
		t.Errorf("%d of %d objects are taken:\n%s", got, want, out)
	}
}
