package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StopCertManager ends cert-manager's controllers, until StartCertManager. It
// must not be called at the same time as Stop.
func (c *Cluster) StopCertManager() error {
	c.mu.Lock()
	i := slices.IndexFunc(c.cleanups, func(cleanup cleanup) bool { return cleanup.name == "cert-manager" })
	if i < 0 {
		c.mu.Unlock()
		return errors.New("stop cert-manager: it does not run")
	}
	stop := c.cleanups[i].run
	c.cleanups = slices.Delete(c.cleanups, i, i+1)
	c.mu.Unlock()
	if err := stop(); err != nil {
		return fmt.Errorf("stop cert-manager: %w", err)
	}
	return nil
}

// StartCertManager starts cert-manager's controllers again, with further arguments
// of parts/cert-manager.
func (c *Cluster) StartCertManager(ctx context.Context, args ...string) error {
	if err := c.runCertManager(ctx, args...); err != nil {
		return fmt.Errorf("start cert-manager: %w", err)
	}
	return nil
}

// RestartAPIServer ends the API server and starts it again, with the same
// addresses, keys and users, and waits until it answers. Nothing else may be done
// to the cluster's processes meanwhile.
func (c *Cluster) RestartAPIServer() error {
	server := c.env.ControlPlane.GetAPIServer()
	// It stops to listen at once, but waits a minute for those who watch. After
	// stopTimeout it is killed, which is told as an error. If it lived on, the new
	// one could not start.
	_ = server.Stop()
	if err := server.Start(); err != nil {
		return fmt.Errorf("start kube-apiserver again: %w", err)
	}
	return nil
}

// DeleteChart uninstalls a release and deletes its namespace, without waiting for
// that.
func (c *Cluster) DeleteChart(ctx context.Context, o ChartOptions) error {
	o = c.chartDefaults(o)
	helm, err := c.helm(o.Namespace)
	if err != nil {
		return fmt.Errorf("set up Helm: %w", err)
	}
	uninstall := action.NewUninstall(helm)
	uninstall.WaitStrategy, uninstall.Timeout = kube.HookOnlyStrategy, startTimeout
	if _, err := uninstall.Run(o.Release); err != nil {
		return fmt.Errorf("delete release %q: %w", o.Release, err)
	}
	if err := c.Client.CoreV1().Namespaces().Delete(ctx, o.Namespace, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("delete namespace %q: %w", o.Namespace, err)
	}
	return nil
}
