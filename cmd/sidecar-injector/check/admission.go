package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/pod-security-admission/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// checkAdmission creates pods in dry runs: one for each way to ask, in the namespace "default", and one that asks for
// nothing in a namespace that opted in, if there is one.
func checkAdmission(ctx context.Context, s section, t *target) {
	namespaces := &corev1.NamespaceList{}
	var opted []corev1.Namespace
	if err := t.client.List(ctx, namespaces); err == nil { // that it may not be listed is told of Pod Security
		opted = optedIn(t.config, namespaces.Items)
	}
	ways := asking(t.config)
	var tried []string
	for _, pods := range slices.Sorted(maps.Keys(ways)) {
		place, namespace := ways[pods], metav1.NamespaceDefault
		if place == "" {
			if len(opted) == 0 {
				continue
			}
			namespace = opted[max(0, slices.IndexFunc(opted, enforcesNothing))].Name
		}
		if !tryPod(ctx, s, t, place, namespace, pods) {
			return
		}
		tried = append(tried, pods)
	}
	s.ok("admission", "in dry runs these get their sidecar: %s", strings.Join(tried, ", "))
}

// enforcesNothing says whether a namespace enforces no level of Pod Security, of which there is a check.
func enforcesNothing(namespace corev1.Namespace) bool {
	return namespace.Labels[api.EnforceLevelLabel] == ""
}

// tryPod creates a pod in a dry run, and says whether it got its sidecar; what else happened is added to the section.
func tryPod(ctx context.Context, s section, t *target, place templates.Place, namespace, pods string) bool {
	pod := &unstructured.Unstructured{Object: sample(t.config, place)}
	pod.SetNamespace(namespace)
	err := t.client.Create(ctx, pod, client.DryRunAll)
	status := t.config.Policy().Keys.Status
	where := fmt.Sprintf("of %s one in namespace %q", pods, namespace)
	switch {
	case isWebhookFailure(err):
		s.add("admission", Failed, "the API server has to reach the webhook: on private clusters a firewall may have to let it through", "%s cannot be created, in a dry run: %v", where, err)
	case apierrors.IsForbidden(err) && !strings.Contains(err.Error(), "PodSecurity"):
		s.unknown("admission", fmt.Errorf("%s: %w", where, err))
	case err != nil:
		s.add("admission", Failed, "sidecar-injector explain says why of a pod in a file", "%s cannot be created, in a dry run: %v", where, err)
	case pod.GetAnnotations()[status] == "":
		s.add("admission", Failed, "with failurePolicy Ignore the API server lets pods in that the webhook was not asked about: see its log, and sidecar-injector explain", "%s gets no sidecar, in a dry run", where)
	default:
		return true
	}
	return false
}

// isWebhookFailure says whether the API server could not ask a webhook.
func isWebhookFailure(err error) bool {
	return apierrors.IsInternalError(err) && strings.Contains(err.Error(), "failed calling webhook")
}
