package certs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// Configuration names the MutatingWebhookConfiguration. Required.
	Configuration string
	// Trust says which CAs to publish. Required.
	Trust Trust
	// Client reads the configuration, usually from a cache, and patches it. What it
	// reads must have managedFields. Required.
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
// one MutatingWebhookConfiguration: those of today, and those of yesterday for as
// long as a replica may still serve under them. It is a reconciler: whoever owns
// it calls Reconcile, never twice at a time, when the configuration or the CAs
// change, and again, with back-off, after an error. Any number of replicas may do
// so at the same time: what each adds the others keep.
//
// It leaves no trace in managedFields: a field that nobody owns vanishes with its
// entry when Helm takes that away by a server-side apply, where one that is owned
// would stay behind and make the entry an invalid half.
type Publisher struct {
	options PublisherOptions

	// What was right when it was last looked at: a caBundle, and the entries that
	// had it.
	last  []byte
	right []string
}

var _ reconcile.Reconciler = (*Publisher)(nil)

// NewPublisher returns a publisher that has not published yet.
func NewPublisher(options PublisherOptions) (*Publisher, error) {
	switch {
	case options.Configuration == "":
		return nil, errors.New("publish the trust bundle: no webhook configuration is named")
	case options.Trust == nil:
		return nil, errors.New("publish the trust bundle: no trust")
	case options.Client == nil:
		return nil, errors.New("publish the trust bundle: no client")
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	return &Publisher{options: options}, nil
}

// Reconcile patches what differs, and nothing when nothing does. It asks to be
// called again when a CA has to go. There is nothing to do, and no error, while
// the configuration does not exist or no CA is known.
func (p *Publisher) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var configuration admissionv1.MutatingWebhookConfiguration
	err := p.options.Client.Get(ctx, types.NamespacedName{Name: p.options.Configuration}, &configuration)
	if apierrors.IsNotFound(err) {
		log.FromContext(ctx).Info("Webhook configuration does not exist, its caBundle is published when it does")
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("read webhook configuration %q: %w", p.options.Configuration, err)
	}
	wanted := p.options.Trust.CAs()
	if len(wanted) == 0 {
		return reconcile.Result{}, nil
	}
	now := p.options.Clock.Now()
	bundle := union(&configuration, wanted, now)
	if len(bundle.pem) == 0 {
		return reconcile.Result{}, nil // all of them have expired: what stands there is no worse
	}
	err = p.write(ctx, &configuration, &bundle, now)
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

// write brings the configuration one step nearer to the bundle; the next step
// follows the event of this one.
func (p *Publisher) write(ctx context.Context, configuration *admissionv1.MutatingWebhookConfiguration, bundle *bundle, now time.Time) error {
	entries := differing(configuration, bundle.pem)
	annotations := bundle.annotationChanges(configuration, now)
	if len(entries) == 0 && len(annotations) == 0 {
		p.last, p.right = bundle.pem, names(configuration)
		return p.disown(ctx, configuration)
	}
	reverted := bytes.Equal(p.last, bundle.pem) && slices.ContainsFunc(entries, func(name string) bool { return slices.Contains(p.right, name) })
	patch, err := bundlePatch(configuration, entries, bundle.pem, annotations, now)
	if err != nil {
		return err
	}
	if err := p.patch(ctx, configuration, types.StrategicMergePatchType, patch); err != nil {
		return err
	}
	p.options.Metrics.bundleWritten(bundlePublished)
	logger := log.FromContext(ctx).WithValues("webhooks", entries, "certificates", len(bundle.annotations))
	if !reverted {
		logger.Info("Trust bundle published")
		return nil
	}
	p.options.Metrics.bundleReverted()
	logger.Info("Trust bundle was overwritten by somebody else, and is repaired")
	if p.options.Recorder == nil || p.options.Certificate == nil {
		return nil
	}
	if certificate := p.options.Certificate(); certificate != nil {
		p.options.Recorder.Eventf(certificate, nil, corev1.EventTypeWarning, "TrustBundleReverted", "Publish",
			"somebody else overwrote the caBundle of the webhooks %q; it is repaired", entries)
	}
	return nil
}

// differing returns the names of the entries whose caBundle is another.
func differing(configuration *admissionv1.MutatingWebhookConfiguration, bundle []byte) []string {
	var names []string
	for i := range configuration.Webhooks {
		if !bytes.Equal(configuration.Webhooks[i].ClientConfig.CABundle, bundle) {
			names = append(names, configuration.Webhooks[i].Name)
		}
	}
	return names
}

// names returns those of all entries.
func names(configuration *admissionv1.MutatingWebhookConfiguration) []string {
	var names []string
	for i := range configuration.Webhooks {
		names = append(names, configuration.Webhooks[i].Name)
	}
	return names
}

// bundlePatch returns the strategic merge patch that sets caBundle in the entries
// and changes the annotations. It applies only to the very version that was read:
// a patch of an entry that is gone would add half of one.
func bundlePatch(configuration *admissionv1.MutatingWebhookConfiguration, entries []string, bundle []byte, annotations map[string]any, now time.Time) ([]byte, error) {
	metadata := map[string]any{"resourceVersion": configuration.ResourceVersion, "annotations": annotations}
	patch := map[string]any{"metadata": metadata}
	if len(entries) > 0 {
		annotations[AnnotationBundleWritten] = now.UTC().Format(time.RFC3339)
		var webhooks []any
		for _, name := range entries {
			webhooks = append(webhooks, map[string]any{"name": name, "clientConfig": map[string]any{"caBundle": bundle}})
		}
		patch["webhooks"] = webhooks
	}
	return json.Marshal(patch)
}

// disown takes the publisher's entry out of managedFields.
func (p *Publisher) disown(ctx context.Context, configuration *admissionv1.MutatingWebhookConfiguration) error {
	i := slices.IndexFunc(configuration.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == fieldOwner })
	if i < 0 {
		return nil
	}
	path := fmt.Sprintf("/metadata/managedFields/%d", i)
	patch, err := json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/resourceVersion", "value": configuration.ResourceVersion},
		{"op": "remove", "path": path},
	})
	if err != nil {
		return err
	}
	return p.patch(ctx, configuration, types.JSONPatchType, patch)
}

func (p *Publisher) patch(ctx context.Context, configuration *admissionv1.MutatingWebhookConfiguration, kind types.PatchType, patch []byte) error {
	// The answer goes into an object of its own: the one that was read belongs to the cache.
	answer := &admissionv1.MutatingWebhookConfiguration{}
	answer.Name = configuration.Name
	if err := p.options.Client.Patch(ctx, answer, client.RawPatch(kind, patch), client.FieldOwner(fieldOwner)); err != nil {
		return fmt.Errorf("patch webhook configuration %q: %w", configuration.Name, err)
	}
	return nil
}
