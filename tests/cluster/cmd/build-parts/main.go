// Command build-parts builds the programs of the test cluster into the
// repository's bin folder, unless they are there, and prints where they are. With
// the argument "node" it builds those of a node too, with "monitoring" Prometheus and promtool.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	repository, err := parts.FindRepository(".")
	if err != nil {
		return err
	}
	options := parts.Options{Repository: repository, Progress: os.Stderr, Assets: os.Getenv("KUBEBUILDER_ASSETS"), Kubernetes: os.Getenv(parts.KubernetesVariable)}
	built, err := parts.Build(ctx, options)
	if err != nil {
		return err
	}
	paths := []string{built.Etcd, built.KubeAPIServer, built.KubeControllerManager, built.Kubectl, built.CertManager}
	which := ""
	if len(os.Args) > 1 {
		which = os.Args[1]
	}
	switch which {
	case "node":
		node, err := parts.BuildNode(ctx, options)
		if err != nil {
			return err
		}
		paths = append(paths, node.KubeScheduler, node.Kubelet, node.KubeProxy, node.CoreDNS, node.Containerd, node.Ctr, node.CNI)
	case "monitoring":
		monitoring, err := parts.BuildMonitoring(ctx, options)
		if err != nil {
			return err
		}
		paths = append(paths, monitoring.Prometheus, monitoring.Promtool)
	}
	for _, path := range paths {
		fmt.Println(path)
	}
	return nil
}
