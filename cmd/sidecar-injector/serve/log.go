package serve

import (
	"fmt"
	"io"

	"github.com/go-logr/logr"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// level returns the log level that --log-level names.
func (o *Options) level() (zapcore.Level, error) {
	switch o.LogLevel {
	case "debug":
		return zapcore.DebugLevel, nil
	case "info":
		return zapcore.InfoLevel, nil
	case "warn":
		return zapcore.WarnLevel, nil
	case "error":
		return zapcore.ErrorLevel, nil
	}
	return 0, fmt.Errorf("--log-level: %q is not debug, info, warn or error", o.LogLevel)
}

// newLogger returns a logger that writes JSON lines, and makes it the one of the
// Kubernetes libraries and of HTTP servers too, for which there is a global one. The
// level may change.
func newLogger(out io.Writer, level zapcore.LevelEnabler) logr.Logger {
	logger := zap.New(
		zap.WriteTo(zapcore.Lock(zapcore.AddSync(out))),
		zap.Level(level),
		zap.StacktraceLevel(zapcore.DPanicLevel),
		zap.JSONEncoder(func(config *zapcore.EncoderConfig) {
			config.TimeKey = "time"
			config.MessageKey = "message"
			config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
		}),
	)
	log.SetLogger(logger)
	klog.SetLogger(logger.WithName("client"))
	captureServerLog(logger)
	return logger
}
