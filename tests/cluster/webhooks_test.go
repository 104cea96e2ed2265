package cluster_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	registrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// installWebhook installs a webhook configuration until the test ends, and waits
// until the API server knows it: it asks the only entry about pods of namespaces
// with the labels.
func installWebhook(t *testing.T, configuration *registrationv1.MutatingWebhookConfiguration, labels map[string]string) {
	t.Helper()
	client := shared.Client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	if _, err := client.Create(t.Context(), configuration, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := client.Delete(context.Background(), configuration.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	namespace := newNamespace(t, labels)
	err := cluster.Eventually(t.Context(), waitTimeout, func(ctx context.Context) error {
		pod := newPod(namespace)
		result := createWith(t, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if result.err != nil {
			return result.err
		}
		admission, err := shared.Admission(ctx, namespace, pod.Name)
		if err != nil {
			return err
		}
		for _, call := range admission.Calls {
			if call.Webhook == configuration.Webhooks[0].Name {
				return nil
			}
		}
		return fmt.Errorf("the API server does not know the webhook %q yet", configuration.Name)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// second serves another mutating webhook, which answers with a JSON patch made
// from the pod, and returns its entry for namespaces with the labels.
func second(t *testing.T, labels map[string]string, patch func(*corev1.Pod) []map[string]any) registrationv1.MutatingWebhook {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		var pod corev1.Pod
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := json.Unmarshal(review.Request.Object.Raw, &pod); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
		if operations := patch(&pod); len(operations) > 0 {
			kind := admissionv1.PatchTypeJSONPatch
			text, err := json.Marshal(operations)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			review.Response.Patch, review.Response.PatchType = text, &kind
		}
		review.Request = nil
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(review); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	none, fail := registrationv1.SideEffectClassNone, registrationv1.Fail
	return registrationv1.MutatingWebhook{
		Name: "second.example.com",
		ClientConfig: registrationv1.WebhookClientConfig{
			URL:      &server.URL,
			CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		},
		Rules: []registrationv1.RuleWithOperations{{
			Operations: []registrationv1.OperationType{registrationv1.Create},
			Rule:       registrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
		}},
		NamespaceSelector:       &metav1.LabelSelector{MatchLabels: labels},
		SideEffects:             &none,
		FailurePolicy:           &fail,
		AdmissionReviewVersions: []string{"v1"},
	}
}

// TestReinvocation has a second webhook change pods after the injector did. The
// API server then asks the injector again.
func TestReinvocation(t *testing.T) {
	t.Parallel()
	container := map[string]any{"name": "added", "image": "added:1"}
	hasAdded := func(containers []corev1.Container) bool {
		for _, c := range containers {
			if c.Name == "added" {
				return true
			}
		}
		return false
	}
	for sentence, c := range map[string]struct {
		patch      func(*corev1.Pod) []map[string]any
		inits      []string
		containers []string
	}{
		"a container is appended": {
			patch: func(pod *corev1.Pod) []map[string]any {
				if hasAdded(pod.Spec.Containers) {
					return nil
				}
				return []map[string]any{{"op": "add", "path": "/spec/containers/-", "value": container}}
			},
			inits:      []string{initName, proxyName},
			containers: []string{"app", "added"},
		},
		"a container is put first": {
			patch: func(pod *corev1.Pod) []map[string]any {
				if hasAdded(pod.Spec.Containers) {
					return nil
				}
				return []map[string]any{{"op": "add", "path": "/spec/containers/0", "value": container}}
			},
			inits:      []string{initName, proxyName},
			containers: []string{"added", "app"},
		},
		"an init container is put before the sidecar": {
			patch: func(pod *corev1.Pod) []map[string]any {
				if hasAdded(pod.Spec.InitContainers) {
					return nil
				}
				return []map[string]any{{"op": "add", "path": "/spec/initContainers/0", "value": container}}
			},
			inits:      []string{initName, proxyName, "added"},
			containers: []string{"app"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			probe := newNamespace(t, injecting)
			labels := map[string]string{"cluster-test/second": probe, namespaceKey: "enabled"}
			// Webhooks are asked in the order of their configurations' names:
			// this one after the injector.
			installWebhook(t, &registrationv1.MutatingWebhookConfiguration{
				ObjectMeta: metav1.ObjectMeta{Name: "zz-second-" + probe},
				Webhooks:   []registrationv1.MutatingWebhook{second(t, labels, c.patch)},
			}, labels)

			namespace := newNamespace(t, labels)
			pod := mustCreate(t, newPod(namespace))
			checkInjected(t, pod)
			if diff := cmp.Diff(c.inits, names(pod.Spec.InitContainers)); diff != "" {
				t.Errorf("init containers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.containers, names(pod.Spec.Containers)); diff != "" {
				t.Errorf("containers (-want +got):\n%s", diff)
			}
			again := mustCreate(t, newPod(namespace))
			if diff := cmp.Diff(cluster.Comparable(pod), cluster.Comparable(again)); diff != "" {
				t.Errorf("the same pod, created again, is another (-first +second):\n%s", diff)
			}
			admission, err := shared.Admission(t.Context(), namespace, pod.Name)
			if err != nil {
				t.Fatal(err)
			}
			calls := 0
			for _, call := range admission.Calls {
				if call.Webhook == spaceWebhook {
					calls++
				}
			}
			if calls != 2 {
				t.Errorf("the injector was asked %d times, want 2: %v", calls, admission.Calls)
			}
		})
	}
}
