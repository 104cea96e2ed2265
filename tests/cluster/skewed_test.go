package cluster_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/utils/clock"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/serve"
)

// skewVariable holds a duration in the environment of a test program that is to be `sidecar-injector serve` on a machine
// whose clock is fast by it. Only what is the injector's own goes by that clock; the handshakes of TLS and the log go by the
// real one.
const skewVariable = "CLUSTER_TEST_CLOCK_SKEW"

// serveSkewed serves with the arguments of the program, of which the first is the word serve, and returns the exit code.
func serveSkewed(skew string) int {
	by, err := time.ParseDuration(skew)
	if err == nil {
		var options serve.Options
		if options, err = serve.ParseArguments(os.Args[2:]); err == nil {
			options.Clock = skewed{by: by}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			err = serve.Run(ctx, options, os.Stderr)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

// skewed is a clock that is fast by a duration.
type skewed struct {
	clock.RealClock
	by time.Duration
}

// Now is later than it is.
func (s skewed) Now() time.Time { return s.RealClock.Now().Add(s.by) }

// Since is from a time by this clock.
func (s skewed) Since(then time.Time) time.Duration { return s.Now().Sub(then) }
