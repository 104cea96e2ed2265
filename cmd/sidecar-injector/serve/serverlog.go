package serve

import (
	"errors"
	stdlog "log"
	"strings"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"

	"github.com/sidecar-injector/sidecar-injector/internal/quote"
)

// How many lines of the HTTP servers are logged at once, and how many per second after that: whoever reaches the port can
// bring about as many as it likes.
const (
	serverLogBurst = 10
	serverLogRate  = 1
)

// serverLog takes what Go's HTTP servers have to say of connections, such as a TLS handshake that fails. They say it to
// package log, since controller-runtime gives the one of the metrics no other logger.
type serverLog struct {
	logger  logr.Logger
	limit   *rate.Limiter
	omitted int // since the last one that was logged
}

// captureServerLog makes package log write to the logger.
func captureServerLog(logger logr.Logger) {
	stdlog.SetFlags(0)
	stdlog.SetOutput(&serverLog{logger: logger.WithName("http"), limit: rate.NewLimiter(serverLogRate, serverLogBurst)})
}

// Write logs one message. It is called by one goroutine at a time.
func (s *serverLog) Write(text []byte) (int, error) {
	if !s.limit.Allow() {
		s.omitted++
		return len(text), nil
	}
	s.logger.Error(errors.New(quote.Text(strings.TrimSpace(string(text)))), "Connection failed", "omittedBefore", s.omitted)
	s.omitted = 0
	return len(text), nil
}
