package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// checkAdmission creates pods in dry runs: one for each way to a sidecar, in a namespace in which the API server asks the
// webhook about it.
func checkAdmission(ctx context.Context, s section, t *target) {
	namespaces := &corev1.NamespaceList{}
	if err := t.client.List(ctx, namespaces); err != nil {
		s.unknown("admission", fmt.Errorf("list namespaces: %w", err))
		return
	}
	// The one named default goes first: it is there in every cluster.
	if at := slices.IndexFunc(namespaces.Items, func(n corev1.Namespace) bool { return n.Name == metav1.NamespaceDefault }); at > 0 {
		namespaces.Items[0], namespaces.Items[at] = namespaces.Items[at], namespaces.Items[0]
	}
	var tried []string
	var unseen error // of a way that may not be tried
	for _, way := range waysOf(t.config) {
		namespace, err := placeFor(ctx, t, &way, namespaces.Items)
		if err != nil {
			s.unknown("admission", err)
			return
		}
		if namespace == "" {
			continue
		}
		ok, err := tryPod(ctx, s, t, &way, namespace)
		switch {
		case err != nil:
			unseen = err
		case !ok:
			return
		default:
			tried = append(tried, way.pods)
		}
	}
	if unseen != nil {
		if len(tried) > 0 {
			unseen = fmt.Errorf("in dry runs these get their sidecar: %s; others: %w", strings.Join(tried, ", "), unseen)
		}
		s.unknown("admission", unseen)
		return
	}
	if len(tried) == 0 {
		s.add("admission", Warning, "label a namespace for it, or take the exclusion of the one named default away", "there is no namespace in which the webhook is asked about a pod")
		return
	}
	s.ok("admission", "in dry runs these get their sidecar: %s", strings.Join(tried, ", "))
}

// placeFor returns the first namespace in which the API server asks the webhook about a pod that comes some way, and the
// webhook's rules inject it; empty if there is none.
func placeFor(ctx context.Context, t *target, way *way, namespaces []corev1.Namespace) (string, error) {
	pod := simulate.WithDefaults(way.pod())
	var typed corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(pod, &typed); err != nil {
		return "", fmt.Errorf("decode a pod: %w", err)
	}
	for i := range namespaces {
		namespace := &namespaces[i]
		if namespace.DeletionTimestamp != nil || namespace.Labels[api.EnforceLevelLabel] != "" || !hasAll(namespace.Labels, way.namespace) {
			continue
		}
		calls, err := t.webhooks.For(ctx, &namespace.ObjectMeta, pod)
		if err != nil {
			return "", err
		}
		for n := range calls {
			if calls[n].Called && calls[n].Scope != "" && webhook.Decide(&typed, calls[n].Scope.Namespace(&namespace.ObjectMeta), t.config.Policy()).Inject {
				return namespace.Name, nil
			}
		}
	}
	return "", nil
}

// hasAll says whether labels have all of some.
func hasAll(labels, some map[string]string) bool {
	for key, value := range some {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// tryPod creates a pod in a dry run, and says whether it got its sidecar; what else happened is added to the section. The
// error is that such a pod may not be created.
func tryPod(ctx context.Context, s section, t *target, way *way, namespace string) (bool, error) {
	pod := &unstructured.Unstructured{Object: way.pod()}
	pod.SetNamespace(namespace)
	err := t.client.Create(ctx, pod, client.DryRunAll)
	status := t.config.Policy().Keys.Status
	where := fmt.Sprintf("of %s one in namespace %q", way.pods, namespace)
	switch {
	case isWebhookFailure(err):
		s.add("admission", Failed, "the API server has to reach the webhook: on private clusters a firewall may have to let it through", "%s cannot be created, in a dry run: %v", where, err)
	case apierrors.IsForbidden(err) && !strings.Contains(err.Error(), "PodSecurity"):
		return false, fmt.Errorf("%s: %w", where, err)
	case err != nil:
		s.add("admission", Failed, "sidecar-injector explain says why of a pod in a file", "%s cannot be created, in a dry run: %v", where, err)
	case pod.GetAnnotations()[status] == "":
		s.add("admission", Failed, "with failurePolicy Ignore the API server lets pods in that the webhook was not asked about: see its log, and sidecar-injector explain", "%s gets no sidecar, in a dry run", where)
	default:
		return true, nil
	}
	return false, nil
}

// isWebhookFailure says whether the API server could not ask a webhook.
func isWebhookFailure(err error) bool {
	return apierrors.IsInternalError(err) && strings.Contains(err.Error(), "failed calling webhook")
}
