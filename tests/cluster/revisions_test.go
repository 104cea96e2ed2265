package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// revisionOf returns the name of the injector that injected a pod, "" for none.
func revisionOf(pod *corev1.Pod) string {
	var status struct{ Revision string }
	if json.Unmarshal([]byte(pod.Annotations[statusKey]), &status) != nil {
		return ""
	}
	return status.Revision
}

// labelNamespace is kubectl label namespace: a value of nil takes the label away.
func labelNamespace(t *testing.T, namespace, key string, value any) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]any{key: value}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shared.Client.CoreV1().Namespaces().Patch(t.Context(), namespace, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// waitForRevision waits until pods of a namespace are injected by that injector.
func waitForRevision(t *testing.T, namespace, want string, tweaks ...tweak) {
	t.Helper()
	err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		if got := revisionOf(mustCreate(t, newPod(namespace, tweaks...))); got != want {
			return fmt.Errorf("a pod of %s is injected by %q, want %q", namespace, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCanary moves a namespace, and single pods, to a second injector and back, with pods being created all the time: each
// pod is injected, by the injector that its label or its namespace's names. docs/operations.md has the commands.
func TestCanary(t *testing.T) {
	shop := newNamespace(t, injecting)
	load := shared.StartLoad(cluster.LoadOptions{
		Clients: 2, Interval: 50 * time.Millisecond,
		Pod: func(n int) *corev1.Pod {
			pod := newPod(shop)
			pod.Name = fmt.Sprintf("load-%d", n)
			return pod
		},
		Check: func(pod *corev1.Pod) error {
			if revision := revisionOf(pod); revision != "default" && revision != "canary" {
				return fmt.Errorf("injected by %q", revision)
			}
			return nil
		},
	})
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			load.Stop()
		}
	}
	t.Cleanup(stop)

	address, err := cluster.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	canary := cluster.ChartOptions{Release: "canary", Namespace: "canary", WebhookAddress: address, Values: map[string]any{
		"allowOverlap": false, "config": map[string]any{"revision": "canary"}, "certificate": map[string]any{"trustSlack": "0s"}}}
	startRelease(t, canary)
	waitForRevision(t, shop, "default")
	waitForRevision(t, shop, "canary", label(revisionKey, "canary")) // one workload
	waitForRevision(t, newNamespace(t, nil), "canary", label(revisionKey, "canary"))

	labelNamespace(t, shop, revisionKey, "canary") // one namespace
	waitForRevision(t, shop, "canary")
	waitForRevision(t, shop, "default", label(revisionKey, "default"))
	labelNamespace(t, shop, revisionKey, nil) // back
	waitForRevision(t, shop, "default")

	twin := canary
	twin.Release, twin.Namespace = "twin", "twin"
	err = shared.ApplyChart(t.Context(), twin)
	if err == nil || !strings.Contains(err.Error(), `the injector "twin" has the name "canary" too, for pods that ask by sidecar.istio.io/inject`) {
		t.Errorf("a second release of the name is installed: %v", err)
		_ = shared.DeleteChart(t.Context(), twin)
	}
	stop()
	counts := load.Counts()
	t.Logf("pods created meanwhile: %+v", counts)
	if counts.Created == 0 || counts.Uninjected+counts.Refused+counts.Unanswered > 0 {
		t.Errorf("pods created meanwhile: %+v", counts)
	}
}
