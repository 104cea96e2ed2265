//go:build linux

package app

import (
	"context"
	"fmt"
	"net"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/hold"
)

// newWaitCommand is what the proxy's postStart hook runs.
func newWaitCommand() *cobra.Command {
	var address, path string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "wait",
		Short: "Wait until the proxy is ready",
		Long: `wait asks the proxy whether it is ready until it is, and then ends. As the
postStart hook of the pod's first container it holds the others back.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("unexpected argument %q", args[0])}
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error {
			if _, _, err := net.SplitHostPort(address); err != nil {
				return &usageError{fmt.Errorf("--address %q: want host:port: %w", address, err)}
			}
			if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \r\n") {
				return &usageError{fmt.Errorf("--path %q: want a path that begins with /", path)}
			}
			if timeout <= 0 {
				return &usageError{fmt.Errorf("--timeout %s: want more than 0", timeout)}
			}
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			return hold.Wait(ctx, address, path)
		},
	}
	flags := command.Flags()
	flags.StringVar(&address, "address", "127.0.0.1:15021", "`host:port` where the proxy says whether it is ready")
	flags.StringVar(&path, "path", "/healthz/ready", "`path` to ask for")
	flags.DurationVar(&timeout, "timeout", 10*time.Minute, "how long to wait")
	return command
}
