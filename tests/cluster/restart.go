package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

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

// CompactHistory has etcd forget all that was: who watches from an earlier version of something is told that it is too old,
// by an API server that has started since.
func (c *Cluster) CompactHistory(ctx context.Context) error {
	var state struct{ Header struct{ Revision string } }
	if err := c.askEtcd(ctx, "/v3/kv/range", `{"key":"AA=="}`, &state); err != nil {
		return fmt.Errorf("read etcd's revision: %w", err)
	}
	if err := c.askEtcd(ctx, "/v3/kv/compaction", fmt.Sprintf(`{"revision":%q,"physical":true}`, state.Header.Revision), &struct{}{}); err != nil {
		return fmt.Errorf("compact etcd: %w", err)
	}
	return nil
}

// askEtcd sends a request to etcd's gateway for JSON and decodes the answer.
func (c *Cluster) askEtcd(ctx context.Context, path, body string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.env.ControlPlane.Etcd.URL.String()+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return fmt.Errorf("%s: %s", response.Status, text)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
