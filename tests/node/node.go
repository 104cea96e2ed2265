//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// Name is the node's.
const Name = "node"

// readyTimeout is for a pod, on a loaded machine.
const readyTimeout = 2 * time.Minute

// Options says how to start. The zero value is good.
type Options struct {
	// Progress and Phase are as in package cluster.
	Progress io.Writer
	Phase    func(name string, took time.Duration)
}

// values are the chart's. A replica that starts after another one is ready only once
// every API server can know the serving certificate's CA; here is one API server, which
// needs no five minutes for that.
func values() map[string]any {
	return map[string]any{"certificate": map[string]any{"trustSlack": "2s"}}
}

// Node is a running cluster with one node, on which the injector runs.
type Node struct {
	*cluster.Cluster
	prepared *Prepared
	phase    func(name string, took time.Duration)
}

// Start starts everything, in the namespaces that Enter and Setup made; the caller
// must Stop it. After a failure all that was started has ended, but for what the
// kernel ends with this process, and the error names the folder with the logs.
func Start(ctx context.Context, o Options) (*Node, error) {
	if !Inside() {
		return nil, errors.New("start a node: this process is not in namespaces of its own; see Enter")
	}
	prepared, err := Prepare(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	c, err := cluster.Start(ctx, cluster.Options{
		Repository: prepared.Repository, Progress: o.Progress, Phase: o.Phase,
		NodeAddress: Address, ServiceRanges: serviceRange + "," + serviceRange6,
	})
	if err != nil {
		return nil, err
	}
	n := &Node{Cluster: c, prepared: prepared, phase: o.Phase}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"containerd " + prepared.Programs.ContainerdVersion, n.startContainerd},
		{"images", n.importImages},
		{"kubelet, kube-proxy, kube-scheduler, CoreDNS", n.startKubernetes},
		{"injector, as the chart deploys it", func(ctx context.Context) error { return n.Install(ctx, values()) }},
	} {
		start := time.Now()
		if err := step.run(ctx); err != nil {
			n.Keep()
			return nil, errors.Join(fmt.Errorf("start %s (logs in %s): %w", step.name, n.WorkDir, err), n.Stop())
		}
		if o.Phase != nil {
			o.Phase(step.name, time.Since(start))
		}
	}
	return n, nil
}

// Install installs the chart with these values, or upgrades it to them, and waits
// until the injectors are ready and the API server can trust them.
func (n *Node) Install(ctx context.Context, values map[string]any) error {
	chart := cluster.ChartOptions{Values: values, InCluster: true}
	if err := n.ApplyChart(ctx, chart); err != nil {
		return err
	}
	if err := n.WaitForDeployment(ctx, cluster.Release, cluster.Release); err != nil {
		return err
	}
	return n.WaitForCABundle(ctx, chart)
}

// WaitForDeployment waits until all pods of a Deployment are of its newest template
// and ready.
func (n *Node) WaitForDeployment(ctx context.Context, namespace, name string) error {
	err := cluster.Eventually(ctx, readyTimeout, func(ctx context.Context) error {
		d, err := n.Client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s, want := d.Status, *d.Spec.Replicas
		if s.ObservedGeneration < d.Generation || s.UpdatedReplicas != want || s.ReadyReplicas != want || s.Replicas != want {
			return fmt.Errorf("%d of %d pods are ready, %d are new", s.ReadyReplicas, want, s.UpdatedReplicas)
		}
		return nil
	})
	if err != nil {
		return errors.Join(fmt.Errorf("wait for deployment %q: %w", name, err), n.explain(ctx, namespace))
	}
	return nil
}

// explain is what the cluster says about a namespace where something is not ready.
func (n *Node) explain(ctx context.Context, namespace string) error {
	events, err := n.Client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return err
	}
	var said []error
	for _, event := range events.Items {
		said = append(said, fmt.Errorf("%s %s: %s: %s", event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Reason, event.Message))
	}
	pods, err := n.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		log, _, err := n.Kubectl(ctx, "", "--namespace="+namespace, "logs", pod.Name, "--all-containers", "--tail=20")
		said = append(said, fmt.Errorf("log of pod %s:\n%s", pod.Name, log), err)
	}
	return errors.Join(said...)
}

// startKubernetes starts the node's Kubernetes programs and waits until the node is
// ready and names are resolved.
func (n *Node) startKubernetes(ctx context.Context) error {
	config := n.path("kubelet.yaml")
	if err := os.WriteFile(config, []byte(kubeletConfig(os.Getenv(groupVariable))), 0o644); err != nil {
		return err
	}
	corefile := n.path("Corefile")
	if err := os.WriteFile(corefile, []byte(fmt.Sprintf(corefileFormat, n.Kubeconfig)), 0o644); err != nil {
		return err
	}
	programs, started := n.prepared.Programs, func(context.Context) error { return nil }
	for _, p := range []struct {
		path  string
		ready func(context.Context) error
		args  []string
	}{
		{programs.KubeProxy, started, []string{
			"--kubeconfig=" + n.Kubeconfig, "--hostname-override=" + Name, "--proxy-mode=nftables",
			"--cluster-cidr=" + podRange + "," + podRange6, "--conntrack-max-per-core=0",
		}},
		{programs.KubeScheduler, started, []string{"--kubeconfig=" + n.Kubeconfig, "--leader-elect=false"}},
		{programs.Kubelet, n.ready, []string{
			"--kubeconfig=" + n.Kubeconfig, "--config=" + config, "--hostname-override=" + Name, "--node-ip=" + Address + "," + address6,
		}},
		{programs.CoreDNS, resolves, []string{"-conf=" + corefile}},
	} {
		if err := n.Run(ctx, filepath.Base(p.path), p.ready, p.path, p.args...); err != nil {
			return err
		}
	}
	return nil
}

// ready says whether pods may be scheduled to the node.
func (n *Node) ready(ctx context.Context) error {
	node, err := n.Client.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if len(node.Spec.Taints) > 0 {
		return fmt.Errorf("the node has the taint %q", node.Spec.Taints[0].Key)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			return errors.New(condition.Message)
		}
	}
	return nil
}

// resolves says whether CoreDNS knows the API server's Service.
func resolves(ctx context.Context) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(Address, "53"))
	}}
	_, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	return err
}

// path returns the path of a file in the work folder.
func (n *Node) path(name string) string { return filepath.Join(n.WorkDir, name) }
