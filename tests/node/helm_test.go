//go:build linux

package node_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestHelm: helm test runs check in the cluster, which sees a pod get its sidecar, and takes its account away.
func TestHelm(t *testing.T) {
	logs, err := shared.TestChart(cluster.ChartOptions{})
	t.Logf("helm test prints:\n%s", logs)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ok       installed: ", "ok       deployment: ", "ok       configuration: ", "ok       entries: ", "in dry runs these get their sidecar: "} {
		if !strings.Contains(logs, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	_, err = shared.Client.CoreV1().ServiceAccounts(cluster.Release).Get(t.Context(), cluster.Release+"-test", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("its account is still there: %v", err)
	}
}
