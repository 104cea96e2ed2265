// Command build-parts builds the programs of the test cluster into the
// repository's bin folder, unless they are there, and prints where they are.
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
	built, err := parts.Build(ctx, parts.Options{Repository: repository, Progress: os.Stderr, Assets: os.Getenv("KUBEBUILDER_ASSETS")})
	if err != nil {
		return err
	}
	for _, path := range []string{built.Etcd, built.KubeAPIServer, built.KubeControllerManager, built.Kubectl, built.CertManager} {
		fmt.Println(path)
	}
	return nil
}
