package serve

import (
	"context"
	"fmt"
	"net"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

// addServingPair makes the source of the serving pair that the flags name.
func (s *server) addServingPair(ctx context.Context) error {
	var err error
	if s.metrics, err = certs.NewMetrics(metrics.Registry); err != nil {
		return err
	}
	switch {
	case s.options.TLSDir != "":
		files, err := certs.NewFileSource(certs.FileOptions{
			Dir: s.options.TLSDir, Log: s.log.WithName("serving-pair"), Metrics: s.metrics})
		if err != nil {
			return err
		}
		s.source = files
		return s.manager.Add(files)
	case s.options.TLSSelfSigned:
		self, err := certs.NewSelfSigned(s.selfSignedHosts(), s.metrics)
		if err != nil {
			return err
		}
		s.source, s.trust = self, self
		return nil
	}
	return s.addSecretSource(ctx)
}

// addSecretSource makes the source that follows the Secret, who trusts it, and
// what cert-manager says of it.
func (s *server) addSecretSource(ctx context.Context) error {
	key := types.NamespacedName{Namespace: s.namespace, Name: s.options.TLSSecret}
	issued := newSignal()
	options := certs.SecretOptions{
		Secret:        key,
		Configuration: s.options.WebhookConfiguration,
		Client:        s.manager.GetClient(),
		Slack:         s.options.TrustSlack,
		Peers:         s.peersReady,
		Changed:       s.trustChanged.notify,
		Recorder:      s.manager.GetEventRecorder("sidecar-injector"),
		Metrics:       s.metrics,
	}
	if s.options.Certificate != "" {
		certificate, err := s.watchCertificate(ctx, issued)
		if err != nil {
			return err
		}
		options.Certificate, s.certificate = certificate, certificate
	}
	secret, err := certs.NewSecretSource(options)
	if err != nil {
		return err
	}
	s.source, s.trust = secret, secret
	s.checks = append(s.checks, readinessCheck{"serving pair", secret.Ready})
	s.notices = secret.Notices
	return s.reconcile("serving-pair", secret,
		watch(s, &corev1.Secret{}, key),
		watch(s, &admissionv1.MutatingWebhookConfiguration{}, key),
		issued.source(key))
}

// watchCertificate returns what tells the Certificate of the serving pair, nil
// while it is not known. The watch begins when the kind is there: cert-manager may
// be installed later.
func (s *server) watchCertificate(ctx context.Context, changed signal) (func() *cmapi.Certificate, error) {
	object := &cmapi.Certificate{}
	from, err := s.cacheOf(object, onlyOne(s.namespace, s.options.Certificate), func(ctx context.Context, r *toolscache.Reflector, err error) {
		if !apierrors.IsNotFound(err) {
			toolscache.DefaultWatchErrorHandler(ctx, r, err)
		}
	})
	if err != nil {
		return nil, err
	}
	informer, err := from.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watch the Certificate: %w", err)
	}
	held := toolscache.NewStore(toolscache.DeletionHandlingMetaNamespaceKeyFunc)
	if _, err := informer.AddEventHandler(mirror(held, changed.notify)); err != nil {
		return nil, fmt.Errorf("watch the Certificate: %w", err)
	}
	name := types.NamespacedName{Namespace: s.namespace, Name: s.options.Certificate}.String()
	return func() *cmapi.Certificate {
		object, _, _ := held.GetByKey(name) // the store has no errors
		certificate, _ := object.(*cmapi.Certificate)
		return certificate
	}, nil
}

// peersReady reports whether an endpoint of the Service is ready. It asks the API
// server, which is done only until this replica is ready itself.
func (s *server) peersReady(ctx context.Context, service types.NamespacedName) (bool, error) {
	var slices discoveryv1.EndpointSliceList
	err := s.manager.GetAPIReader().List(ctx, &slices,
		client.InNamespace(service.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service.Name})
	if err != nil {
		return false, fmt.Errorf("list the endpoints of Service %q: %w", service, err)
	}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			// Not to be known is to be ready.
			if ptr.Deref(endpoint.Conditions.Ready, true) {
				return true, nil
			}
		}
	}
	return false, nil
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
	options := certs.PublisherOptions{
		Configuration: s.options.WebhookConfiguration,
		Trust:         s.trust,
		Client:        s.manager.GetClient(),
		Recorder:      s.manager.GetEventRecorder("sidecar-injector"),
		Certificate:   s.certificate,
		Metrics:       s.metrics,
	}
	key := types.NamespacedName{Name: s.options.WebhookConfiguration}
	changes := watch(s, &admissionv1.MutatingWebhookConfiguration{}, key)
	if s.options.TrustSecret != "" {
		options.Secret = types.NamespacedName{Namespace: s.namespace, Name: s.options.TrustSecret}
		// A role that allows to watch one name only does not allow to watch two at once.
		of := onlyOne(s.namespace, s.options.TrustSecret)
		of.Transform = asItIs
		held, err := s.cacheOf(&corev1.Secret{}, of, nil)
		if err != nil {
			return err
		}
		options.Reader, changes = held, source.Kind(held, client.Object(&corev1.Secret{}), enqueue[client.Object](key))
	}
	publisher, err := certs.NewPublisher(options)
	if err != nil {
		return err
	}
	return s.reconcile("trust-bundle", publisher, changes, s.trustChanged.source(key))
}
