// Command sidecar-injector injects sidecars into the pods of a Kubernetes
// cluster, and shows on the command line what it would inject.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(app.Main(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
