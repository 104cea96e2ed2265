package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestImagesOfRunningPods shows that a container with NET_ADMIN keeps its image while the pod runs: whoever may update pods
// would have an image of their own run with it otherwise, without any injector being asked.
func TestImagesOfRunningPods(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	redirect := mustCreate(t, newPod(namespace, asks)).Name
	transparent := mustCreate(t, newPod(namespace, asks, annotation("sidecar.istio.io/interceptionMode", "TPROXY"))).Name
	change := func(ctx context.Context, pod, list, container string) error {
		patch := fmt.Sprintf(`{"spec":{%q:[{"name":%q,"image":"evil.example/x"}]}}`, list, container)
		_, err := shared.Client.CoreV1().Pods(namespace).Patch(ctx, pod, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	// The API server follows policies with a delay.
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		if change(ctx, redirect, "initContainers", "sidecar-init") == nil {
			return errors.New("the policy is not enforced")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		pod, list, container string
		refused              bool
	}{
		"the init container":                   {redirect, "initContainers", "sidecar-init", true},
		"a proxy that has NET_ADMIN":           {transparent, "initContainers", "sidecar-proxy", true},
		"a proxy that has not":                 {redirect, "initContainers", "sidecar-proxy", false},
		"the application":                      {redirect, "containers", "app", false},
		"the application beside such a proxy":  {transparent, "containers", "app", false},
		"the init container before such a one": {transparent, "initContainers", "sidecar-init", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := change(t.Context(), c.pod, c.list, c.container)
			if c.refused && (err == nil || !strings.Contains(err.Error(), "that has privileges cannot be changed")) || !c.refused && err != nil {
				t.Errorf("refused: %v, got %v", c.refused, err)
			}
		})
	}
	labels := []byte(`{"metadata":{"labels":{"a":"b"}}}`)
	if _, err := shared.Client.CoreV1().Pods(namespace).Patch(t.Context(), transparent, types.MergePatchType, labels, metav1.PatchOptions{}); err != nil {
		t.Errorf("another change of the pod: %v", err)
	}
}
