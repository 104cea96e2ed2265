package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// fieldOwner is the publisher's name in managedFields, for a moment.
const fieldOwner = "sidecar-injector-ca-bundle"

// PublisherOptions are the settings of a [Publisher].
type PublisherOptions struct {
	// Configuration names the MutatingWebhookConfiguration to publish in. Required,
	// unless Secret is set.
	Configuration string
	// Validating says that it is a ValidatingWebhookConfiguration.
	Validating bool
	// Secret names a Secret to publish in instead, in its key ca.crt: for
	// cert-manager's cainjector, which copies it to the webhook configuration. It
	// has to exist.
	Secret types.NamespacedName
	// Trust says which CAs to publish. Required.
	Trust Trust
	// Reader reads what is published in, usually from a cache; what it reads must
	// have managedFields. Nil: Client.
	Reader client.Reader
	// Client patches it. Required.
	Client client.Client
	// Recorder gets Events on the Certificate, if that is known. Nil: none.
	Recorder    events.EventRecorder
	Certificate func() *cmapi.Certificate
	// Metrics counts what was published. Nil: none.
	Metrics *Metrics
	// Clock says what time it is. Nil: the real clock.
	Clock clock.PassiveClock
}

// Publisher keeps the CAs of the serving pairs in the caBundle of every entry of
// one webhook configuration, or in a Secret: those of today, and those of
// yesterday for as long as a replica may still serve under them. It is a
// reconciler: whoever owns it calls Reconcile, never twice at a time, when that
// object or the CAs change, and again, with back-off, after an error. Any number of
// replicas may do so at the same time: what each adds the others keep.
//
// It leaves no trace in managedFields: a field that nobody owns vanishes with its
// entry when Helm takes that away by a server-side apply, where one that is owned
// would stay behind and make the entry an invalid half.
type Publisher struct {
	options PublisherOptions
	key     types.NamespacedName
	place   place

	right map[string][]byte // what stood where when all was right last
}

var _ reconcile.Reconciler = (*Publisher)(nil)

// NewPublisher returns a publisher that has not published yet.
func NewPublisher(options PublisherOptions) (*Publisher, error) {
	p := &Publisher{place: webhooks{options.Validating}, key: types.NamespacedName{Name: options.Configuration}}
	if options.Secret.Name != "" {
		p.place, p.key = trustSecret{}, options.Secret
	}
	switch {
	case p.key.Name == "":
		return nil, errors.New("publish the trust bundle: no webhook configuration and no Secret is named")
	case options.Trust == nil:
		return nil, errors.New("publish the trust bundle: no trust")
	case options.Client == nil:
		return nil, errors.New("publish the trust bundle: no client")
	}
	if options.Reader == nil {
		options.Reader = options.Client
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	p.options = options
	return p, nil
}

// Reconcile patches what differs, and nothing when nothing does. It asks to be
// called again when a CA has to go. While what to publish in does not exist there is
// nothing to do, and no error; while no CA is known, only what is empty is filled, by
// what other places hold.
func (p *Publisher) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	object := p.place.object()
	err := p.options.Reader.Get(ctx, p.key, object)
	if apierrors.IsNotFound(err) {
		log.FromContext(ctx).Info("What the trust bundle is published in does not exist, it is published when it does", "in", p.key)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("read what the trust bundle is published in, %q: %w", p.key, err)
	}
	now := p.options.Clock.Now()
	held := p.place.holds(object)
	bundle := held.union(p.options.Trust.CAs(), now)
	if len(bundle.pem) == 0 {
		return reconcile.Result{}, nil // nothing is known, or all has expired: what stands there is no worse
	}
	err = p.write(ctx, object, held, &bundle, now)
	switch {
	case apierrors.IsConflict(err):
		// Somebody else wrote meanwhile, and the watch tells what.
		p.options.Metrics.bundleWritten(bundleConflict)
		return reconcile.Result{RequeueAfter: retryConflict}, nil
	case err != nil:
		p.options.Metrics.bundleWritten(bundleError)
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: max(bundle.ends.Sub(now), time.Second)}, nil
}

// retryConflict is when to look again if the watch does not tell of what was in
// the way.
const retryConflict = 100 * time.Millisecond

// write brings the object one step nearer to the bundle; the next step follows the
// event of this one.
func (p *Publisher) write(ctx context.Context, object client.Object, held *held, bundle *bundle, now time.Time) error {
	names := held.differing(bundle)
	annotations := held.annotationChanges(bundle, now)
	if len(names) == 0 && len(annotations) == 0 {
		p.right = held.bundles
		patch, err := disownPatch(object)
		if err != nil || patch == nil {
			return err
		}
		err = p.patch(ctx, types.JSONPatchType, patch)
		if apierrors.IsInvalid(err) { // another replica was first: the entry is not there any more
			return apierrors.NewConflict(schema.GroupResource{}, p.key.Name, err)
		}
		return err
	}
	reverted := slices.ContainsFunc(names, func(name string) bool { return lost(p.right[name], held.bundles[name]) })
	patch, err := bundlePatch(p.place, object, names, bundle.pem, annotations, now)
	if err != nil {
		return err
	}
	if err := p.patch(ctx, types.StrategicMergePatchType, patch); err != nil {
		return err
	}
	p.options.Metrics.bundleWritten(bundlePublished)
	logger := log.FromContext(ctx).WithValues("in", names, "certificates", len(bundle.annotations))
	if !reverted {
		logger.Info("Trust bundle published")
		return nil
	}
	logger.Info("Trust bundle was overwritten by somebody else, and is repaired")
	p.options.Metrics.bundleReverted()
	p.tellReverted(names)
	return nil
}

// lost reports whether a certificate that stood in a bundle before does not any
// more. What replicas write only adds, until a CA's time is over.
func lost(before, now []byte) bool {
	held := ParseBundle(now)
	return slices.ContainsFunc(ParseBundle(before), func(ca *x509.Certificate) bool {
		return !slices.ContainsFunc(held, ca.Equal)
	})
}

// tellReverted writes an Event on the Certificate.
func (p *Publisher) tellReverted(names []string) {
	if p.options.Recorder == nil || p.options.Certificate == nil {
		return
	}
	if certificate := p.options.Certificate(); certificate != nil {
		p.options.Recorder.Eventf(certificate, nil, corev1.EventTypeWarning, "TrustBundleReverted", "Publish",
			"somebody else overwrote the trust bundle in %q; it is repaired", names)
	}
}

func (p *Publisher) patch(ctx context.Context, kind types.PatchType, patch []byte) error {
	// The answer goes into an object of its own: the one that was read belongs to the cache.
	answer := p.place.object()
	answer.SetNamespace(p.key.Namespace)
	answer.SetName(p.key.Name)
	if err := p.options.Client.Patch(ctx, answer, client.RawPatch(kind, patch), client.FieldOwner(fieldOwner)); err != nil {
		return fmt.Errorf("publish the trust bundle in %q: %w", p.key, err)
	}
	return nil
}
