package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	ossignal "os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"go.uber.org/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/sidecar-injector/sidecar-injector/certs"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// drainTimeout is how long in-flight requests have to end. The chart's
// terminationGracePeriodSeconds is this, the shutdown delay and 5 s more.
const drainTimeout = 20 * time.Second

// Run serves the webhook until ctx ends. Then readiness falls, requests are
// answered for the shutdown delay still, and those in flight are finished. The
// log goes to logs; it is also that of the Kubernetes libraries and of Go's HTTP
// servers, which know only one in a process. Nothing waits for logs, or ends
// because they cannot be written.
func Run(ctx context.Context, options Options, logs io.Writer) error {
	asked, err := options.level()
	if err != nil {
		return err
	}
	level := zap.NewAtomicLevelAt(asked)
	ossignal.Ignore(syscall.SIGPIPE) // which a closed stderr raises, and would end the process
	queue := newLogQueue(logs, logQueueSize)
	defer queue.close(logFlushTime)
	logger := newLogger(queue, level)
	limitMemory(logger)
	var stopping atomic.Bool
	mgr, err := wire(ctx, &options, logger, &stopping)
	if err != nil {
		return err
	}
	if options.DebugAddress != "" {
		server, err := newDebugServer(options.DebugAddress, level)
		if err != nil {
			return err
		}
		if err := mgr.Add(server); err != nil {
			return fmt.Errorf("set up the server: %w", err)
		}
	}
	logger.Info("Starting", "version", options.Version)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		stopping.Store(true)
		logger.Info("Stopping", "delay", options.ShutdownDelay.String())
		time.AfterFunc(options.ShutdownDelay, stop)
	})()
	if err := run(running, mgr); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	logger.Info("Stopped")
	return nil
}

// run runs the manager until ctx ends, and what is in flight then.
func run(ctx context.Context, mgr manager.Manager) error {
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case <-mgr.Elected(): // everything was started
		return <-ended
	default:
		// The API server never answered: nothing is in flight, and the manager would
		// not end (controller-runtime's pull request 3440).
		return nil
	}
}

// wire makes all parts of serve, each of those before it, and returns the manager
// that runs them. It starts nothing but to listen.
func wire(ctx context.Context, options *Options, logger logr.Logger, stopping *atomic.Bool) (manager.Manager, error) {
	namespace, err := options.ownNamespace()
	if err != nil {
		return nil, err
	}
	mgr, err := newManager(options, namespace, logger)
	if err != nil {
		return nil, err
	}
	known, err := watchNamespaces(ctx, mgr.GetCache(), mgr.GetAPIReader())
	if err != nil {
		return nil, err
	}
	handler, err := newHandler(mgr, options, known)
	if err != nil {
		return nil, err
	}
	configured, validator, err := addConfiguration(ctx, mgr, options, namespace, handler)
	if err != nil {
		return nil, err
	}
	counts, err := certs.NewMetrics(metrics.Registry)
	if err != nil {
		return nil, err
	}
	pair, err := addServingPair(ctx, mgr, options, namespace, counts)
	if err != nil {
		return nil, err
	}
	if err := addPublisher(mgr, options, namespace, pair, counts); err != nil {
		return nil, err
	}
	if err := addWebhookServer(mgr, options, hooks{handler, validator}, pair.source, counts, stopping); err != nil {
		return nil, err
	}
	checks := slices.Concat(
		[]readinessCheck{{"namespaces", known.ready}, {"configuration", configured.ready}},
		pair.checks,
		[]readinessCheck{{"shutdown", func() error {
			if stopping.Load() {
				return errors.New("stopping")
			}
			return nil
		}}})
	if err := registerState(metrics.Registry, options.Version, checks); err != nil {
		return nil, err
	}
	health, err := newHealthServer(options.HealthAddress, checks, pair.notices)
	if err != nil {
		return nil, err
	}
	return mgr, mgr.Add(health)
}

// newHandler makes the handler of admissions, which has no configuration yet.
func newHandler(mgr manager.Manager, options *Options, known webhook.Namespaces) (*webhook.Handler, error) {
	settings := webhook.Options{Namespaces: known, Registerer: metrics.Registry}
	if options.OwnerEvents {
		owners, err := newOwnerEvents(mgr.GetEventRecorder("sidecar-injector"), metrics.Registry)
		if err != nil {
			return nil, err
		}
		settings.Refused = owners.tell
	}
	return webhook.New(settings)
}

// newManager makes the manager, which runs everything else.
func newManager(options *Options, namespace string, logger logr.Logger) (manager.Manager, error) {
	cluster, err := clusterConfig(options)
	if err != nil {
		return nil, err
	}
	drain := drainTimeout
	mgr, err := manager.New(cluster, manager.Options{
		Scheme:                  newScheme(),
		MapperProvider:          newMapper,
		Cache:                   cacheOptions(options, namespace),
		Logger:                  logger,
		Metrics:                 metricsserver.Options{BindAddress: options.MetricsAddress},
		HealthProbeBindAddress:  "0",
		GracefulShutdownTimeout: &drain,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the server: %w", err)
	}
	return mgr, nil
}

// hooks are what the webhook answers: about pods, and about its configuration if there is a validator.
type hooks struct {
	pods          *webhook.Handler
	configuration *configValidator
}

// addWebhookServer makes the TLS server that serves the hooks with the pairs of
// the source, to the clients that the options name, and ends each connection behind
// its answer once it is stopping. It listens already.
func addWebhookServer(mgr manager.Manager, options *Options, serves hooks, source certs.Source, counts *certs.Metrics, stopping *atomic.Bool) error {
	clients, err := addClientCA(mgr, options, counts)
	if err != nil {
		return err
	}
	config := &tls.Config{
		MinVersion: tlsVersions[options.TLSMinVersion],
		// API servers ask webhooks by no other protocol. With HTTP/2 a few connections make thousands of requests.
		NextProtos:     []string{"http/1.1"},
		GetCertificate: source.GetCertificate,
	}
	if clients != nil {
		clients.Configure(config)
	}
	listener, err := net.Listen("tcp", options.WebhookAddress)
	if err != nil {
		return fmt.Errorf("listen for the API server: %w", err)
	}
	mux, drain := http.NewServeMux(), drainTimeout-time.Second // of which the manager has the rest
	server := closing{mux, stopping, clients}
	serves.pods.Register(server)
	if serves.configuration != nil {
		server.Register(configPath, serves.pods.Reviews(serves.configuration))
	}
	return mgr.Add(&manager.Server{
		Name:     "webhook",
		Listener: tls.NewListener(listener, config),
		Server: &http.Server{
			Handler:           mux,
			MaxHeaderBytes:    maxHeader,
			ReadHeaderTimeout: handshakeTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			ConnState:         (&connections{most: maxConnections}).follow,
		},
		ShutdownTimeout: &drain,
	})
}

// What a connection may cost: the bytes of a request's headers; how long a handshake, and the headers, may take to come;
// and how long it is kept without a request, a little longer than an API server keeps it.
const (
	maxHeader        = 64 << 10
	handshakeTimeout = 10 * time.Second
	idleTimeout      = 100 * time.Second
	// writeTimeout is for a whole request from its headers on: a handler takes 10 s at most, and its client as long again.
	writeTimeout = 25 * time.Second
)

// addClientCA makes what decides who is answered; nil: everybody is.
func addClientCA(mgr manager.Manager, options *Options, counts *certs.Metrics) (*certs.ClientCA, error) {
	if options.ClientCA == "" {
		return nil, nil
	}
	clients, err := certs.NewClientCA(certs.ClientCAOptions{
		File: options.ClientCA, AllowedNames: options.ClientAllowedNames, Log: mgr.GetLogger().WithName("client-ca"), Metrics: counts,
	})
	if err != nil {
		return nil, err
	}
	return clients, mgr.Add(clients)
}
