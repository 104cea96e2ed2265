package cluster_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster/matrix"
)

// narrow is a release whose webhook is asked about less, and narrowed are its values.
const narrow = "narrow"

const narrowed = `
allowOverlap: true
config: {revision: narrow}
certificate: {trustSlack: 0s, ipAddresses: [127.0.0.1]}
webhook:
  annotations: {example.com/owner: mesh-team}
  namespaceSelector: {matchLabels: {example.com/team: shop}}
  objectSelector: {matchExpressions: [{key: example.com/batch, operator: DoesNotExist}]}
  matchConditions: [{name: not-called-robot, expression: '!has(object.metadata.labels) || !("example.com/robot" in object.metadata.labels)'}]
requireSidecar: {enabled: true}
serviceAccount: {name: narrow-account}
commonLabels: {example.com/part-of: mesh}
`

// TestNarrowedWebhook: more selectors and conditions keep pods from the injector, the policy lets those in, and explain and
// check go on working, check with the account of `helm test` too.
func TestNarrowedWebhook(t *testing.T) {
	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	options := cluster.ChartOptions{Release: narrow, Namespace: narrow, WebhookAddress: address}
	if err := yaml.Unmarshal([]byte(narrowed), &options.Values); err != nil {
		t.Fatal(err)
	}
	startRelease(t, options)
	shop := newNamespace(t, map[string]string{revisionKey: narrow, "example.com/team": "shop"})
	other := newNamespace(t, map[string]string{revisionKey: narrow})
	waitForRevision(t, shop, narrow)
	for sentence, c := range map[string]struct {
		namespace, label, why string
	}{
		"of a namespace of another team": {other, "", "example.com/team"},
		"with a label of the selector":   {shop, "example.com/batch", "example.com/batch"},
		"with a label of the condition":  {shop, "example.com/robot", "not-called-robot"},
	} {
		pod := newPod(c.namespace)
		if c.label != "" {
			label(c.label, "true")(pod)
		}
		pod = mustCreate(t, pod)
		if len(pod.Spec.InitContainers) > 0 {
			t.Errorf("a pod %s is injected", sentence)
		}
		out, code := ask(t, "explain", "pod/"+pod.Name, "-n", pod.Namespace, "--injector", narrow)
		if code != 0 || !strings.Contains(out, c.why) {
			t.Errorf("a pod %s: exit code %d, no %q in\n%s", sentence, code, c.why, out)
		}
	}
	args := []string{"--injector=" + narrow, "--replica=" + address}
	wantChecks := func(kubeconfig, endpoints string, certificate ...string) {
		t.Helper()
		found := runCheck(t, kubeconfig, 1, args...)
		// No node is here, so the chart's own pods do not run.
		want := append([]string{"Kubernetes version: ok", "Injector installed: ok", "Injector deployment: failed", "Injector configuration: ok", "Injector entries: ok"}, certificate...)
		want = append(want, "Pods admission: ok", "Pods overlap: ok", "Pods pod-security: ok")
		if diff := cmp.Diff(want, found.statuses()); diff != "" {
			t.Errorf("checks%s (-want +got):\n%s\n%+v", endpoints, diff, found)
		}
	}
	wantChecks(shared.Kubeconfig, "", "Injector endpoints: ok", "Injector served: ok", "Certificate certificate: ok", "Certificate serving-pair: ok", "Certificate ca-bundle: ok")
	labelNamespace(t, "default", "example.com/team", "shop") // where the account may create pods
	defer labelNamespace(t, "default", "example.com/team", nil)
	wantChecks(testAccount(t), " of helm test", "Certificate certificate: warning")
}

// testAccount brings the account of `helm test` and its roles, and returns its kubeconfig.
func testAccount(t *testing.T) string {
	t.Helper()
	documents, err := matrix.Render(filepath.Join(shared.Repository, "manifests", "sidecar-injector"), narrow, narrowed)
	if err != nil {
		t.Fatal(err)
	}
	var hooks [][]byte
	for _, document := range documents {
		var object struct {
			Kind     string
			Metadata struct{ Annotations map[string]string }
		}
		if err := yaml.Unmarshal(document, &object); err != nil {
			t.Fatal(err)
		}
		if object.Metadata.Annotations["helm.sh/hook"] == "test" && object.Kind != "Pod" {
			hooks = append(hooks, document)
		}
	}
	// Here the webhook is a URL, for which all Deployments are looked through, and not a Service.
	hooks = append(hooks, []byte(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: narrow-url}, rules: [{apiGroups: [apps], resources: [deployments], verbs: [list]}]}`),
		[]byte(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: narrow-url}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: narrow-url}, subjects: [{kind: ServiceAccount, name: narrow-test, namespace: narrow}]}`))
	objects := string(bytes.Join(hooks, []byte("\n---\n")))
	if _, _, err := shared.Kubectl(t.Context(), objects, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, _, err := shared.Kubectl(context.WithoutCancel(t.Context()), objects, "delete", "-f", "-"); err != nil {
			t.Error(err)
		}
	})
	kubeconfig, err := shared.ServiceAccountKubeconfig(t.Context(), narrow, narrow+"-test")
	if err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}
