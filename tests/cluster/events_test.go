package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// refusedDeployment asks for a sidecar with an annotation that refuses its pods.
const refusedDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: refused}
spec:
  selector: {matchLabels: {app: refused}}
  template:
    metadata:
      labels: {app: refused}
      annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/logLevel: loud}
    spec: {containers: [{name: app, image: "nginx:1.21"}]}
`

// TestOwnerEvents: the ReplicaSet of a Deployment whose pods are refused has an Event that says why, a dry run makes none,
// and nobody's pod waits for it.
func TestOwnerEvents(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	if _, _, err := shared.Kubectl(t.Context(), refusedDeployment, "-n", namespace, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	event := waitForRefusal(t, namespace, "ReplicaSet", "refused-")
	const begin, why = "a pod was refused, since its sidecar cannot be injected: ", `annotation "sidecar.istio.io/logLevel": "loud" is not allowed`
	if event.Type != "Warning" || !strings.HasPrefix(event.Note, begin) || !strings.Contains(event.Note, why) || event.Regarding.APIVersion != "apps/v1" || event.Regarding.UID == "" {
		t.Errorf("the Event is %+v, want a Warning on the ReplicaSet: %s%s", event, begin, why)
	}
	described, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "describe", "replicaset", event.Regarding.Name)
	if err != nil || !strings.Contains(described, "InjectionRefused") {
		t.Errorf("kubectl describe: %v, want the Event in\n%s", err, described)
	}

	for _, dryRun := range []bool{true, false} {
		pod, options, controls := newPod(namespace, asks, annotation("sidecar.istio.io/logLevel", "loud")), metav1.CreateOptions{}, true
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: fmt.Sprint("dry-run-", dryRun), UID: "1", Controller: &controls}}
		if dryRun {
			options.DryRun = []string{metav1.DryRunAll}
		}
		if result := createWith(t, pod, options); result.err == nil || !strings.Contains(result.err.Error(), "loud") {
			t.Fatalf("create the pod: %v, want a refusal", result.err)
		}
	}
	waitForRefusal(t, namespace, "StatefulSet", "dry-run-false")
	if index := slices.IndexFunc(refusalEvents(t, namespace), func(e eventsv1.Event) bool { return e.Regarding.Name == "dry-run-true" }); index >= 0 {
		t.Error("a dry run made an Event")
	}
}

// waitForRefusal waits for the Event on a workload whose name begins so.
func waitForRefusal(t *testing.T, namespace, kind, name string) eventsv1.Event {
	t.Helper()
	var found eventsv1.Event
	err := cluster.Eventually(t.Context(), waitTimeout, func(context.Context) error {
		all := refusalEvents(t, namespace)
		i := slices.IndexFunc(all, func(e eventsv1.Event) bool {
			return e.Regarding.Kind == kind && strings.HasPrefix(e.Regarding.Name, name)
		})
		if i < 0 {
			return fmt.Errorf("no Event on %s %s, there are %d others", kind, name, len(all))
		}
		found = all[i]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// refusalEvents are the Events about refused pods.
func refusalEvents(t *testing.T, namespace string) []eventsv1.Event {
	t.Helper()
	events, err := shared.Client.EventsV1().Events(namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=InjectionRefused"})
	if err != nil {
		t.Fatal(err)
	}
	return events.Items
}
