package cluster_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster/matrix"
)

// rendered is the release of the chart's sets of values, and its namespace.
const rendered = "rendered"

// TestMatrix: the API server, with cert-manager's webhook, takes what the chart renders with each good set of values.
func TestMatrix(t *testing.T) {
	for _, name := range []string{rendered, "elsewhere"} {
		namespaces := shared.Client.CoreV1().Namespaces()
		if _, err := namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := namespaces.Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	// The pod of `helm test` needs its account.
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: rendered + "-test"}}
	if _, err := shared.Client.CoreV1().ServiceAccounts(rendered).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, set := range matrix.Sets() {
		if set.Refused != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			documents, err := matrix.Render(filepath.Join(shared.Repository, "manifests", "sidecar-injector"), rendered, set.Values)
			if err != nil {
				t.Fatal(err)
			}
			objects := string(bytes.Join(documents, []byte("\n---\n")))
			if _, _, err := shared.Kubectl(t.Context(), objects, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"); err != nil {
				t.Error(err)
			}
		})
	}
}
