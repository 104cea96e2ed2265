package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// TestImagesOfRunningPods shows that a container with NET_ADMIN keeps its image while the pod runs: whoever may update pods
// would have an image of their own run with it otherwise, without any injector being asked.
func TestImagesOfRunningPods(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	redirect := mustCreate(t, newPod(namespace, asks)).Name
	transparent := mustCreate(t, newPod(namespace, asks, annotation("sidecar.istio.io/interceptionMode", "TPROXY"))).Name
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
			patch := fmt.Sprintf(`{"spec":{%q:[{"name":%q,"image":"evil.example/x"}]}}`, c.list, c.container)
			_, err := shared.Client.CoreV1().Pods(namespace).Patch(t.Context(), c.pod, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
			if c.refused && (err == nil || !strings.Contains(err.Error(), "that has NET_ADMIN cannot be changed")) || !c.refused && err != nil {
				t.Errorf("refused: %v, got %v", c.refused, err)
			}
		})
	}
	labels := []byte(`{"metadata":{"labels":{"a":"b"}}}`)
	if _, err := shared.Client.CoreV1().Pods(namespace).Patch(t.Context(), transparent, types.MergePatchType, labels, metav1.PatchOptions{}); err != nil {
		t.Errorf("another change of the pod: %v", err)
	}
}
