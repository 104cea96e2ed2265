package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// What the example's Deployment makes, and what injection puts into its pods.
const (
	example   = "examples/myapp.yaml"
	namespace = "default"
	selector  = "app=myapp"
	pods      = 2
	initName  = "sidecar-init"
	proxyName = "sidecar-proxy"
)

// demo is one run of the demo.
type demo struct {
	out   io.Writer
	stay  bool // until ctx ends
	color bool
	// record is a file for what is shown of the running pods; empty is none.
	record string
	c      *cluster.Cluster
	// missing is what a node needs and is not there: then pods stay Pending.
	missing string
	// outside is this process's number outside of the node's namespaces.
	outside int
}

// run does it all. Whatever it starts has ended when it returns. That ctx ended
// is an error, but not while it stays.
func (d *demo) run(ctx context.Context) (err error) {
	injector, err := d.start(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			d.c.Keep()
			err = fmt.Errorf("%w\nlogs are in %s", err, d.c.WorkDir)
		}
		start := time.Now()
		if stopErr := d.c.Stop(); stopErr != nil {
			err = errors.Join(err, stopErr)
		}
		d.step("stopped", time.Since(start))
	}()
	if err := d.apply(ctx); err != nil {
		return interrupted(ctx, err)
	}
	if d.missing == "" {
		if err := d.recorded(func() error { return d.request(ctx) }); err != nil {
			return interrupted(ctx, err)
		}
	}
	if !d.stay {
		d.heading("Done")
		return nil
	}
	d.hints(injector)
	<-ctx.Done()
	d.heading("Stopping")
	return nil
}

// start starts the cluster and the injector in it: on a node, where one can be had,
// or as a process of this machine, which is returned.
func (d *demo) start(ctx context.Context) (*cluster.Injector, error) {
	if d.missing == "" {
		d.heading("Starting a Kubernetes cluster on this machine, with one node and the injector on it")
		return nil, d.startNode(ctx)
	}
	d.heading("Starting a Kubernetes control plane on this machine")
	var err error
	d.c, err = cluster.Start(ctx, cluster.Options{Progress: os.Stderr, Phase: d.step})
	if err != nil {
		return nil, err
	}
	injector, err := d.install(ctx)
	if err != nil {
		d.c.Keep()
		return nil, errors.Join(fmt.Errorf("%w\nlogs are in %s", err, d.c.WorkDir), d.c.Stop())
	}
	return injector, nil
}

// interrupted says so, instead of what the interruption made fail.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

// install installs the chart and runs the injector.
func (d *demo) install(ctx context.Context) (*cluster.Injector, error) {
	d.heading("Installing the injector")
	chart := cluster.ChartOptions{}
	for _, step := range []struct {
		name string
		run  func(context.Context, cluster.ChartOptions) error
	}{
		{"Helm chart manifests/sidecar-injector", d.c.ApplyChart},
		{"serving certificate, issued by cert-manager", d.c.WaitForServingPair},
	} {
		start := time.Now()
		if err := step.run(ctx, chart); err != nil {
			return nil, err
		}
		d.step(step.name, time.Since(start))
	}
	injector, err := d.c.StartInjector(ctx, cluster.InjectorOptions{})
	if err != nil {
		return nil, err
	}
	name := "sidecar-injector serve, from its start until ready"
	if memory, err := injector.ResidentKiB(); err == nil {
		name = fmt.Sprintf("sidecar-injector serve, %.1f MiB resident, ready", float64(memory)/1024)
	}
	d.step(name, injector.ReadyAfter)
	return injector, d.c.WaitForCABundle(ctx, chart)
}

// apply creates the example and shows its pods. It is an error if one of them is
// not injected.
func (d *demo) apply(ctx context.Context) error {
	d.heading("kubectl apply -f " + example)
	start := time.Now()
	if _, _, err := d.c.Kubectl(ctx, "", "apply", "-f", filepath.Join(d.c.Repository, example)); err != nil {
		return err
	}
	var list *corev1.PodList
	err := cluster.Eventually(ctx, time.Minute, func(ctx context.Context) (err error) {
		list, err = d.c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err == nil && len(list.Items) < pods {
			err = fmt.Errorf("%d of %d pods are there", len(list.Items), pods)
		}
		return err
	})
	if err != nil {
		return errors.Join(fmt.Errorf("wait for the pods: %w", err), d.refusal(ctx))
	}
	d.step(fmt.Sprintf("%d pods created", len(list.Items)), time.Since(start))
	var missing []string
	for i := range list.Items {
		pod := &list.Items[i]
		names := containerNames(pod)
		fmt.Fprintf(d.out, "    %-28s %s\n", pod.Name, names)
		if !slices.Contains(names, initName) || !slices.Contains(names, proxyName) {
			missing = append(missing, pod.Name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("check the pods: not injected: %v", missing)
	}
	return d.difference(ctx, &list.Items[0])
}

// containerNames lists a pod's init containers and containers, in their order.
func containerNames(pod *corev1.Pod) []string {
	var names []string
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		names = append(names, container.Name)
	}
	return names
}

// refusal is what the controller was told when it could not create a pod; nil if
// it was not told anything.
func (d *demo) refusal(ctx context.Context) error {
	sets, err := d.c.Client.AppsV1().ReplicaSets(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return err
	}
	for _, set := range sets.Items {
		for _, condition := range set.Status.Conditions {
			if condition.Status == corev1.ConditionTrue {
				return errors.New(condition.Message)
			}
		}
	}
	return nil
}
