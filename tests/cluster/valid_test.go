package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
)

// TestValid creates 2,000 generated pods in a namespace that is injected, each of which the API server takes in a
// namespace that is not: it takes them injected too, or the injector refuses them. Both is asked as a dry run, which ends
// before the pod is stored.
func TestValid(t *testing.T) {
	t.Parallel()
	plain, injected := newNamespace(t, nil), newNamespace(t, injecting)
	for _, namespace := range []string{plain, injected} {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}
		if _, err := shared.Client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	generator := pods.Generator{Seed: 2, Sidecar: pods.Envoy()}
	var mu sync.Mutex
	fates := map[string]int{}
	indexes := make(chan int)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for index := range indexes {
				fate, err := createBoth(t.Context(), generator, index, plain, injected)
				if err != nil {
					t.Errorf("pod %d of seed %d: %v", index, generator.Seed, err)
				}
				mu.Lock()
				fates[fate]++
				mu.Unlock()
			}
		})
	}
	for index := range 2000 {
		indexes <- index
	}
	close(indexes)
	wait.Wait()
	t.Log(fates)
	if fates["injected"] < 1000 {
		t.Errorf("%d pods are injected, want 1000 at least", fates["injected"])
	}
}

// createBoth generates a pod that the API server takes without a sidecar, and says what becomes of it with one.
func createBoth(ctx context.Context, g pods.Generator, index int, plain, injected string) (fate string, err error) {
	pod, err := g.Pod(index)
	if err != nil {
		return "", err
	}
	valid, err := pods.Prune(pod, func(pod map[string]any) ([]string, error) {
		_, err := dryRun(ctx, pod, plain)
		return fieldsOf(err)
	})
	if err != nil || !valid {
		return "not valid", err
	}
	created, err := dryRun(ctx, pod, injected)
	switch {
	case err == nil && created.Annotations[statusKey] != "":
		return "injected", nil
	case err == nil:
		return "skipped", nil
	case strings.Contains(err.Error(), "admission webhook"):
		return "refused", nil
	}
	text, failed := json.Marshal(pod)
	return "not valid injected", fmt.Errorf("%w\n%s", errors.Join(err, failed), text)
}

// dryRun creates a pod in a namespace, but for storing it.
func dryRun(ctx context.Context, pod map[string]any, namespace string) (*corev1.Pod, error) {
	metadata, _ := pod["metadata"].(map[string]any)
	metadata["namespace"] = namespace
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	var created corev1.Pod
	err = shared.Client.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").
		VersionedParams(&metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}, metav1.ParameterCodec).
		SetHeader("Content-Type", "application/json").Body(text).Do(ctx).Into(&created)
	return &created, err
}

// refusals are what plug-ins of admission refuse, without the field's path, and the fields that they speak of.
var refusals = map[string]string{
	"RuntimeClass":     "spec.runtimeClassName",
	"Overhead":         "spec.overhead",
	"PreemptionPolicy": "spec.preemptionPolicy",
	"priority":         "spec.priority",
	"service account":  "spec.serviceAccountName",
}

// fieldsOf returns the fields that an error of the API server names.
func fieldsOf(err error) ([]string, error) {
	if err == nil {
		return nil, nil
	}
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		return nil, err
	}
	var fields []string
	if details := status.ErrStatus.Details; details != nil {
		for _, cause := range details.Causes {
			fields = append(fields, cause.Field)
		}
	}
	for text, field := range refusals {
		if apierrors.IsForbidden(err) && strings.Contains(err.Error(), text) {
			fields = append(fields, field)
		}
	}
	fields = slices.DeleteFunc(fields, func(field string) bool { return field == "" })
	if len(fields) == 0 {
		return nil, err
	}
	return fields, nil
}
