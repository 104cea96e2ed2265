package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/sidecar-injector/sidecar-injector/certs"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// drainTimeout is how long in-flight requests have to end. The chart's
// terminationGracePeriodSeconds is this, the shutdown delay and 5 s more.
const drainTimeout = 20 * time.Second

// Run serves the webhook until ctx ends. Then readiness falls, requests are
// answered for the shutdown delay still, and those in flight are finished. The
// log goes to logs; it is also that of the Kubernetes libraries, which know only
// one in a process.
func Run(ctx context.Context, options Options, logs io.Writer) error {
	level, err := options.level()
	if err != nil {
		return err
	}
	logger := newLogger(logs, level)
	server, err := newServer(ctx, &options, logger)
	if err != nil {
		return err
	}
	logger.Info("Starting", "version", options.Version)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		server.stopping.Store(true)
		logger.Info("Stopping", "delay", options.ShutdownDelay.String())
		time.AfterFunc(options.ShutdownDelay, stop)
	})()
	if err := server.run(running); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	logger.Info("Stopped")
	return nil
}

// run runs the manager until ctx ends, and what is in flight then.
func (s *server) run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.manager.Start(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case <-s.manager.Elected(): // everything was started
		return <-ended
	default:
		// The API server never answered: nothing is in flight, and the manager would
		// not end (controller-runtime's pull request 3440).
		return nil
	}
}

// server is the parts of serve, wired together. All of them run in its manager.
type server struct {
	options   *Options
	namespace string
	log       logr.Logger

	manager  manager.Manager
	webhooks ctrlwebhook.Server
	handler  *webhook.Handler
	metrics  *certs.Metrics
	source   certs.Source
	trust    certs.Trust // nil: the CA is not ours to publish

	trustChanged signal
	certificate  func() *cmapi.Certificate // nil: there is no cert-manager

	checks    []readinessCheck
	notices   func() []string // nil: there are none
	listening atomic.Bool
	stopping  atomic.Bool
}

// newServer wires everything and starts nothing but the health probes' listener.
func newServer(ctx context.Context, options *Options, logger logr.Logger) (*server, error) {
	namespace, err := options.ownNamespace()
	if err != nil {
		return nil, err
	}
	s := &server{options: options, namespace: namespace, log: logger, trustChanged: newSignal()}
	for _, step := range []func(context.Context) error{
		s.addManager, s.addHandler, s.addConfiguration, s.addServingPair, s.addPublisher, s.addHealth,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// addManager makes the manager and the TLS server in it.
func (s *server) addManager(context.Context) error {
	cluster, err := clusterConfig(s.options)
	if err != nil {
		return err
	}
	host, port, err := splitAddress(s.options.WebhookAddress)
	if err != nil {
		return err
	}
	s.webhooks = ctrlwebhook.NewServer(ctrlwebhook.Options{
		Host: host, Port: port,
		TLSOpts: []func(*tls.Config){func(config *tls.Config) {
			config.MinVersion = tlsVersions[s.options.TLSMinVersion]
			config.NextProtos = []string{"h2", "http/1.1"}
			config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				return s.source.GetCertificate(hello)
			}
		}},
	})
	drain := drainTimeout
	s.manager, err = manager.New(cluster, manager.Options{
		Scheme:                  newScheme(),
		MapperProvider:          newMapper,
		Cache:                   cacheOptions(s.options, s.namespace),
		Logger:                  s.log,
		Metrics:                 metricsserver.Options{BindAddress: s.options.MetricsAddress},
		HealthProbeBindAddress:  "0",
		WebhookServer:           s.webhooks,
		GracefulShutdownTimeout: &drain,
	})
	if err != nil {
		return fmt.Errorf("set up the server: %w", err)
	}
	return s.manager.Add(s.webhooks)
}

// addHandler makes the admission handler and the watch of the namespaces.
func (s *server) addHandler(ctx context.Context) error {
	known, err := watchNamespaces(ctx, s.manager.GetCache())
	if err != nil {
		return err
	}
	s.checks = append(s.checks, readinessCheck{"namespaces", known.ready})
	s.handler, err = webhook.New(webhook.Options{Namespaces: known, Registerer: metrics.Registry})
	if err != nil {
		return err
	}
	s.handler.Register(s.webhooks)
	return nil
}

// addHealth makes the server of the health probes.
func (s *server) addHealth(context.Context) error {
	s.checks = append(s.checks,
		readinessCheck{"listener", s.isListening},
		readinessCheck{"shutdown", func() error {
			if s.stopping.Load() {
				return errors.New("stopping")
			}
			return nil
		}})
	health, err := newHealthServer(s.options.HealthAddress, s.checks, s.notices)
	if err != nil {
		return err
	}
	return s.manager.Add(health)
}

// isListening reports that the webhook's port does not answer yet. Once it did,
// it is not asked again.
func (s *server) isListening() error {
	if s.listening.Load() {
		return nil
	}
	if _, err := s.source.GetCertificate(nil); err != nil {
		return errors.New("waiting for a serving pair")
	}
	if err := s.webhooks.StartedChecker()(nil); err != nil {
		return err
	}
	s.listening.Store(true)
	return nil
}
