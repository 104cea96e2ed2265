package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// certManagerVersion is the API of cert-manager that the chart uses.
const certManagerVersion = "cert-manager.io/v1"

const certManagerHint = "install cert-manager first: https://cert-manager.io/docs/installation/"

// checkCertManager checks whether cert-manager is there and works.
func checkCertManager(ctx context.Context, s section, cluster Cluster) {
	resources, err := cluster.Discovery.ServerResourcesForGroupVersion(certManagerVersion)
	if apierrors.IsNotFound(err) {
		s.add("kinds", Failed, certManagerHint, "the API server knows no %s", certManagerVersion)
		return
	}
	if err != nil {
		s.unknown("kinds", fmt.Errorf("ask for the kinds of %s: %w", certManagerVersion, err))
		return
	}
	for _, name := range []string{"issuers", "certificates"} {
		if !slices.ContainsFunc(resources.APIResources, func(r metav1.APIResource) bool { return r.Name == name }) {
			s.add("kinds", Failed, certManagerHint, "the API server knows no %s of %s", name, certManagerVersion)
			return
		}
	}
	s.ok("kinds", "the API server knows Issuers and Certificates of %s", certManagerVersion)
	checkDeployments(ctx, s, cluster)
	checkIssuer(ctx, s, cluster.Client)
}

// checkDeployments checks whether cert-manager's own Deployments are available.
func checkDeployments(ctx context.Context, s section, cluster Cluster) {
	namespace := cmp.Or(cluster.CertManagerNamespace, "cert-manager")
	deployments := &appsv1.DeploymentList{}
	if err := cluster.Client.List(ctx, deployments, client.InNamespace(namespace)); err != nil {
		s.unknown("deployments", fmt.Errorf("list the Deployments of namespace %q: %w", namespace, err))
		return
	}
	var ready, unready []string
	for i := range deployments.Items {
		deployment := &deployments.Items[i]
		if !slices.Contains([]string{"cert-manager", "cainjector", "webhook"}, deployment.Labels["app.kubernetes.io/name"]) {
			continue
		}
		if isAvailable(deployment) {
			ready = append(ready, deployment.Name)
		} else {
			unready = append(unready, deployment.Name)
		}
	}
	switch {
	case len(unready) > 0:
		s.add("deployments", Failed, fmt.Sprintf("see kubectl get pods -n %s", namespace), "in namespace %q these are not available: %s", namespace, strings.Join(unready, ", "))
	case len(ready) == 0:
		s.add("deployments", Warning, "--cert-manager-namespace names another namespace", "namespace %q has no Deployment of cert-manager", namespace)
	default:
		s.ok("deployments", "in namespace %q these are available: %s", namespace, strings.Join(ready, ", "))
	}
}

// isAvailable says whether a Deployment has enough replicas that are ready, as it was last changed.
func isAvailable(deployment *appsv1.Deployment) bool {
	if deployment.Status.ObservedGeneration < deployment.Generation {
		return false
	}
	return slices.ContainsFunc(deployment.Status.Conditions, func(c appsv1.DeploymentCondition) bool {
		return c.Type == appsv1.DeploymentAvailable && c.Status == corev1.ConditionTrue
	})
}

// checkIssuer creates an Issuer in a dry run, which cert-manager's own webhook answers.
func checkIssuer(ctx context.Context, s section, connection client.Client) {
	issuer := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": certManagerVersion, "kind": "Issuer",
		"metadata": map[string]any{"namespace": metav1.NamespaceDefault, "generateName": "sidecar-injector-check-"},
		"spec":     map[string]any{"selfSigned": map[string]any{}},
	}}
	switch err := connection.Create(ctx, issuer, client.DryRunAll); {
	case apierrors.IsForbidden(err):
		s.unknown("webhook", fmt.Errorf("create an Issuer in a dry run: %w", err))
	case err != nil:
		s.add("webhook", Failed, "cert-manager's webhook has to answer: see kubectl get pods -n cert-manager, or its documentation on webhooks", "an Issuer cannot be created, in a dry run: %v", err)
	default:
		s.ok("webhook", "an Issuer can be created, in a dry run")
	}
}
