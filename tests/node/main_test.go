//go:build linux

package node_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/node"
)

// shared is the one node of all tests; each has a namespace of its own on it.
var shared *node.Node

func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code, err := run(ctx, m)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// run prepares all, enters namespaces of its own, and runs the tests there.
func run(ctx context.Context, m *testing.M) (int, error) {
	if missing := node.Missing(); missing != "" {
		line := strings.Repeat("!", 100)
		fmt.Fprintf(os.Stderr, "%s\nWARNING: NO NODE IS TESTED: %s\n%s\n", line, missing, line)
		if os.Getenv("CI") == "true" {
			return 1, fmt.Errorf("no node is tested: %s", missing)
		}
		return 0, nil
	}
	if !node.Inside() {
		start := time.Now()
		if _, err := node.Prepare(ctx, os.Stderr); err != nil {
			return 1, err
		}
		phase("programs and images", time.Since(start))
		return node.Enter()
	}
	if _, err := node.Setup(); err != nil {
		return 1, err
	}
	return runInside(ctx, m)
}

func runInside(ctx context.Context, m *testing.M) (code int, err error) {
	start := time.Now()
	if shared, err = node.Start(ctx, node.Options{Progress: os.Stderr, Phase: phase}); err != nil {
		return 1, err
	}
	forget := context.AfterFunc(ctx, func() { os.Exit(1) }) // with which everything ends
	defer forget()
	phase("node, in all", time.Since(start))
	code = m.Run()
	printSeen()
	if code != 0 {
		shared.Keep()
		fmt.Fprintln(os.Stderr, "logs are in", shared.WorkDir)
	}
	begin := time.Now()
	err = shared.Stop()
	phase("stop", time.Since(begin))
	return code, err
}

func phase(name string, took time.Duration) {
	fmt.Printf("  %-54s %6.2f s\n", name, took.Seconds())
}
