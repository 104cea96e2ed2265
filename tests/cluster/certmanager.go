package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// certManagerNamespace is where cert-manager keeps the Secrets of ClusterIssuers.
const certManagerNamespace = "cert-manager"

// startCertManager starts cert-manager's controllers. Its
// CustomResourceDefinitions came with the control plane. That it works shows in
// the first certificate; here only a crash at once is caught.
func (c *Cluster) startCertManager(ctx context.Context) error {
	return c.runCertManager(ctx)
}

// runCertManager does so with further arguments.
func (c *Cluster) runCertManager(ctx context.Context, args ...string) error {
	if err := c.CreateNamespace(ctx, certManagerNamespace, nil); err != nil {
		return err
	}
	p, err := c.run("cert-manager", c.Parts.CertManager, append([]string{
		"--cluster-kubeconfig=" + c.Kubeconfig,
		"--cluster-resource-namespace=" + certManagerNamespace,
	}, args...)...)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return fmt.Errorf("cert-manager ended: %s", lastLines(p.log, 10))
	default:
		return nil
	}
}

// CreateNamespace makes a namespace and its default ServiceAccount, which the
// controller would make too, but only a moment later, and no pod can be created
// before. A namespace that is there already is left as it is.
func (c *Cluster) CreateNamespace(ctx context.Context, name string, labels map[string]string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	_, err := c.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create namespace %q: %w", name, err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	_, err = c.Client.CoreV1().ServiceAccounts(name).Create(ctx, account, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create the default service account of namespace %q: %w", name, err)
	}
	return nil
}
