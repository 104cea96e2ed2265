package serve

import (
	"context"
	"fmt"
	"net"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

// fileInterval is how often the configuration's files are read.
const fileInterval = time.Second

// The back-off after an error: at once at first, since a pod may be refused
// meanwhile, and never so rarely that a repair goes unnoticed.
const (
	retryFirst = 10 * time.Millisecond
	retryMost  = 30 * time.Second
)

// addConfiguration makes the source of the configuration. Files must be good at
// the start: nobody else would tell what is wrong with them.
func (s *server) addConfiguration(ctx context.Context) error {
	key := types.NamespacedName{Namespace: s.namespace, Name: s.options.ConfigMap}
	c, err := newConfiguration(s.handler, metrics.Registry, fmt.Errorf("waiting for ConfigMap %q", key))
	if err != nil {
		return err
	}
	s.checks = append(s.checks, readinessCheck{"configuration", c.ready})
	if s.options.filesOnly() {
		files := &fileSource{configuration: c, config: s.options.ConfigFile, values: s.options.ValuesFile,
			interval: fileInterval, log: s.log.WithName("configuration")}
		if err := files.load(); err != nil {
			return err
		}
		return s.manager.Add(files)
	}
	reconciler := &configMapSource{
		configuration: c,
		reader:        s.manager.GetClient(),
		recorder:      s.manager.GetEventRecorder("sidecar-injector"),
	}
	sources := []source.Source{watch(s, &corev1.ConfigMap{}, key)}
	if s.options.IstioNamespace != "" {
		if reconciler.istio, err = s.watchIstio(ctx, key); err != nil {
			return err
		}
		sources = append(sources, reconciler.istio.changes...)
	}
	return s.reconcile("configuration", reconciler, sources...)
}

// addServingPair makes the source of the serving pair that the flags name.
func (s *server) addServingPair(context.Context) error {
	counts, err := certs.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	s.metrics = counts
	s.checks = append(s.checks, readinessCheck{"serving pair", func() error {
		_, err := s.source.GetCertificate(nil)
		return err
	}})
	switch {
	case s.options.TLSDir != "":
		files, err := certs.NewFileSource(certs.FileOptions{
			Dir: s.options.TLSDir, Log: s.log.WithName("serving-pair"), Metrics: counts})
		if err != nil {
			return err
		}
		s.source = files
		return s.manager.Add(files)
	case s.options.TLSSelfSigned:
		self, err := certs.NewSelfSigned(s.selfSignedHosts(), counts)
		if err != nil {
			return err
		}
		s.source, s.trust = self, self
		return nil
	}
	key := types.NamespacedName{Namespace: s.namespace, Name: s.options.TLSSecret}
	secret, err := certs.NewSecretSource(certs.SecretOptions{
		Secret:     key,
		Reader:     s.manager.GetClient(),
		LiveReader: s.manager.GetAPIReader(),
		Changed:    s.trustChanged,
		Metrics:    counts,
	})
	if err != nil {
		return err
	}
	s.source, s.trust = secret, secret
	return s.reconcile("serving-pair", secret, watch(s, &corev1.Secret{}, key))
}

// selfSignedHosts are the names by which a self-signed injector is reached: as
// the Service, and from the machine it runs on.
func (s *server) selfSignedHosts() []string {
	service := s.options.WebhookConfiguration + "." + s.namespace + ".svc"
	hosts := []string{service, "localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(s.options.WebhookAddress); err == nil && host != "" {
		hosts = append(hosts, host)
	}
	return hosts
}

// addPublisher makes the publisher of the trust bundle, unless there is nothing
// to publish.
func (s *server) addPublisher(context.Context) error {
	if !s.options.PublishCABundle || s.trust == nil {
		return nil
	}
	publisher, err := certs.NewPublisher(certs.PublisherOptions{
		Configuration: s.options.WebhookConfiguration,
		Trust:         s.trust,
		Client:        s.manager.GetClient(),
		Metrics:       s.metrics,
	})
	if err != nil {
		return err
	}
	key := types.NamespacedName{Name: s.options.WebhookConfiguration}
	return s.reconcile("trust-bundle", publisher,
		watch(s, &admissionv1.MutatingWebhookConfiguration{}, key),
		source.Channel(s.changed, enqueue[client.Object](key)))
}

// trustChanged tells the publisher that there is another CA. It never blocks: an
// event that waits already says the same.
func (s *server) trustChanged() {
	select {
	case s.changed <- event.GenericEvent{}:
	default:
	}
}

// reconcile runs the reconciler for the events of the sources, one at a time, and
// again with back-off after an error. There is no leader: every replica does.
func (s *server) reconcile(name string, reconciler reconcile.Reconciler, sources ...source.Source) error {
	c, err := controller.New(name, s.manager, controller.Options{
		Reconciler:         reconciler,
		NeedLeaderElection: new(false),
		RateLimiter:        workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryMost),
	})
	if err != nil {
		return fmt.Errorf("set up %s: %w", name, err)
	}
	for _, from := range sources {
		if err := c.Watch(from); err != nil {
			return fmt.Errorf("set up %s: %w", name, err)
		}
	}
	return nil
}

// watch is the source of the changes of one object, the cache's only one of its
// type.
func watch[T client.Object](s *server, object T, key types.NamespacedName) source.Source {
	return source.Kind(s.manager.GetCache(), object, enqueue[T](key))
}

// enqueue asks for a reconciliation of key at every event.
func enqueue[T any](key types.NamespacedName) handler.TypedEventHandler[T, reconcile.Request] {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	request := reconcile.Request{NamespacedName: key}
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc:  func(_ context.Context, _ event.TypedCreateEvent[T], q queue) { q.Add(request) },
		UpdateFunc:  func(_ context.Context, _ event.TypedUpdateEvent[T], q queue) { q.Add(request) },
		DeleteFunc:  func(_ context.Context, _ event.TypedDeleteEvent[T], q queue) { q.Add(request) },
		GenericFunc: func(_ context.Context, _ event.TypedGenericEvent[T], q queue) { q.Add(request) },
	}
}
