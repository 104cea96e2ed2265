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
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

// servingPair is where the pair comes from that is served, and what the rest of
// serve needs to know of it.
type servingPair struct {
	source certs.Source
	// checks are what readiness waits for besides, and notices what is told without being a reason not to be ready; nil:
	// nothing.
	checks  []readinessCheck
	notices func() []string
	// trust has the CAs of the pairs; nil: they are not ours to publish. Each of changed says that they may have changed, to
	// one publisher: that of the mutating and that of the validating webhook.
	trust   certs.Trust
	changed [2]signal
	// certificate tells the Certificate of the pair; nil: there is no cert-manager.
	certificate func() *cmapi.Certificate
}

// addServingPair makes the source of the serving pair that the flags name.
func addServingPair(ctx context.Context, mgr manager.Manager, options *Options, namespace string, counts *certs.Metrics) (*servingPair, error) {
	switch {
	case options.TLSDir != "":
		files, err := certs.NewFileSource(certs.FileOptions{
			Dir: options.TLSDir, Clock: options.Clock, Log: mgr.GetLogger().WithName("serving-pair"), Metrics: counts})
		if err != nil {
			return nil, err
		}
		return &servingPair{source: files}, mgr.Add(files)
	case options.TLSSelfSigned:
		self, err := certs.NewSelfSigned(selfSignedHosts(options, namespace), counts)
		if err != nil {
			return nil, err
		}
		return &servingPair{source: self, trust: self, changed: [2]signal{newSignal(), newSignal()}}, nil
	}
	return addSecretSource(ctx, mgr, options, namespace, counts)
}

// addSecretSource makes the source that follows the Secret, who trusts it, and
// what cert-manager says of it.
func addSecretSource(ctx context.Context, mgr manager.Manager, options *Options, namespace string, counts *certs.Metrics) (*servingPair, error) {
	key := types.NamespacedName{Namespace: namespace, Name: options.TLSSecret}
	trusted, issued := [2]signal{newSignal(), newSignal()}, newSignal()
	var certificate func() *cmapi.Certificate
	if options.Certificate != "" {
		var err error
		certificate, err = watchCertificate(ctx, mgr, types.NamespacedName{Namespace: namespace, Name: options.Certificate}, issued)
		if err != nil {
			return nil, err
		}
	}
	secret, err := certs.NewSecretSource(certs.SecretOptions{
		Secret:        key,
		Configuration: options.WebhookConfiguration,
		Client:        mgr.GetClient(),
		Slack:         options.TrustSlack,
		Peers:         peersOf(mgr.GetAPIReader()),
		Changed: func() {
			for _, publisher := range trusted {
				publisher.notify()
			}
		},
		Recorder:    mgr.GetEventRecorder("sidecar-injector"),
		Certificate: certificate,
		Metrics:     counts,
		Clock:       options.Clock,
	})
	if err != nil {
		return nil, err
	}
	return &servingPair{
			source:      secret,
			checks:      []readinessCheck{{"serving pair", secret.Ready}},
			notices:     secret.Notices,
			trust:       secret,
			changed:     trusted,
			certificate: certificate,
		}, addReconciler(mgr, "serving-pair", secret,
			watch(mgr, &corev1.Secret{}, key),
			watch(mgr, &admissionv1.MutatingWebhookConfiguration{}, key),
			issued.source(key))
}

// watchCertificate returns what tells the Certificate of the serving pair, nil
// while it is not known. The watch begins when the kind is there: cert-manager may
// be installed later.
func watchCertificate(ctx context.Context, mgr manager.Manager, key types.NamespacedName, changed signal) (func() *cmapi.Certificate, error) {
	object := &cmapi.Certificate{}
	from, err := addCache(mgr, object, onlyOne(key.Namespace, key.Name), func(ctx context.Context, r *toolscache.Reflector, err error) {
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
	return func() *cmapi.Certificate {
		object, _, _ := held.GetByKey(key.String()) // the store has no errors
		certificate, _ := object.(*cmapi.Certificate)
		return certificate
	}, nil
}

// peersOf returns what reports whether an endpoint of a Service is ready. It asks the
// API server, which is done only until this replica is ready itself.
func peersOf(reader client.Reader) func(context.Context, types.NamespacedName) (bool, error) {
	return func(ctx context.Context, service types.NamespacedName) (bool, error) {
		var slices discoveryv1.EndpointSliceList
		err := reader.List(ctx, &slices,
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
}

// selfSignedHosts are the names by which a self-signed injector is reached: as
// the Service, and from the machine it runs on.
func selfSignedHosts(options *Options, namespace string) []string {
	service := options.WebhookConfiguration + "." + namespace + ".svc"
	hosts := []string{service, "localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(options.WebhookAddress); err == nil && host != "" {
		hosts = append(hosts, host)
	}
	return hosts
}

// addPublisher makes the publisher of the trust bundle, unless there is nothing
// to publish.
func addPublisher(mgr manager.Manager, options *Options, namespace string, pair *servingPair, counts *certs.Metrics) error {
	if !options.PublishCABundle || pair.trust == nil {
		return nil
	}
	settings := certs.PublisherOptions{
		Configuration: options.WebhookConfiguration,
		Trust:         pair.trust,
		Client:        mgr.GetClient(),
		Recorder:      mgr.GetEventRecorder("sidecar-injector"),
		Certificate:   pair.certificate,
		Metrics:       counts,
		Clock:         options.Clock,
	}
	key := types.NamespacedName{Name: options.WebhookConfiguration}
	changes := watch(mgr, &admissionv1.MutatingWebhookConfiguration{}, key)
	if options.TrustSecret != "" {
		settings.Secret = types.NamespacedName{Namespace: namespace, Name: options.TrustSecret}
		// A role that allows to watch one name only does not allow to watch two at once.
		of := onlyOne(namespace, options.TrustSecret)
		of.Transform = asItIs
		held, err := addCache(mgr, &corev1.Secret{}, of, nil)
		if err != nil {
			return err
		}
		settings.Reader, changes = held, source.Kind(held, client.Object(&corev1.Secret{}), enqueue[client.Object](key))
	}
	publisher, err := certs.NewPublisher(settings)
	if err != nil {
		return err
	}
	if err := addReconciler(mgr, "trust-bundle", publisher, changes, pair.changed[0].source(key)); err != nil {
		return err
	}
	if options.ConfigWebhook == "" || options.TrustSecret != "" {
		return nil
	}
	settings.Configuration, settings.Validating = options.ConfigWebhook, true
	if publisher, err = certs.NewPublisher(settings); err != nil {
		return err
	}
	key = types.NamespacedName{Name: options.ConfigWebhook}
	changes = watch(mgr, &admissionv1.ValidatingWebhookConfiguration{}, key)
	return addReconciler(mgr, "trust-bundle-validating", publisher, changes, pair.changed[1].source(key))
}
