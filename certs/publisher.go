package certs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// PublisherOptions are the settings of a [Publisher].
type PublisherOptions struct {
	// Configuration names the MutatingWebhookConfiguration. Required.
	Configuration string
	// Trust says which CA to publish. Required.
	Trust Trust
	// Client reads the configuration, usually from a cache, and patches it. Required.
	Client client.Client
	// Metrics counts what was published. Nil: none.
	Metrics *Metrics
}

// Publisher keeps the caBundle of every entry of one MutatingWebhookConfiguration
// equal to a CA. It is a reconciler: whoever owns it calls Reconcile when the
// configuration or the CA changes, and again, with back-off, after an error. Any
// number of replicas may do so at the same time.
type Publisher struct {
	options PublisherOptions
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
	return &Publisher{options: options}, nil
}

// Reconcile patches each caBundle that differs, and nothing when none does. There
// is nothing to do, and no error, while the configuration does not exist or no CA
// is known.
func (p *Publisher) Reconcile(ctx context.Context, _ reconcile.Request) (result reconcile.Result, err error) {
	defer func() { p.options.Metrics.bundleChecked(err) }()
	var configuration admissionv1.MutatingWebhookConfiguration
	err = p.options.Client.Get(ctx, types.NamespacedName{Name: p.options.Configuration}, &configuration)
	if apierrors.IsNotFound(err) {
		log.FromContext(ctx).Info("Webhook configuration does not exist, its caBundle is published when it does")
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("read webhook configuration %q: %w", p.options.Configuration, err)
	}
	if ca := p.options.Trust.CABundle(); ca == nil || len(differing(&configuration, ca)) == 0 {
		return reconcile.Result{}, nil
	}
	// This replica may know less than the one that wrote what differs.
	ca, err := p.options.Trust.LiveCABundle(ctx)
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("read the CA to publish: %w", err)
	}
	entries := differing(&configuration, ca)
	if ca == nil || len(entries) == 0 {
		return reconcile.Result{}, nil
	}
	patch, err := bundlePatch(&configuration, entries, ca)
	if err != nil {
		return reconcile.Result{}, err
	}
	if err := p.options.Client.Patch(ctx, &configuration, client.RawPatch(types.JSONPatchType, patch)); err != nil {
		return reconcile.Result{}, fmt.Errorf("patch webhook configuration %q: %w", p.options.Configuration, err)
	}
	p.options.Metrics.bundlePublished()
	log.FromContext(ctx).Info("Trust bundle published", "entries", len(entries))
	return reconcile.Result{}, nil
}

// differing returns the indexes of the entries whose caBundle is not ca.
func differing(configuration *admissionv1.MutatingWebhookConfiguration, ca []byte) []int {
	var indexes []int
	for i := range configuration.Webhooks {
		if !bytes.Equal(configuration.Webhooks[i].ClientConfig.CABundle, ca) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// bundlePatch returns the RFC 6902 patch that sets caBundle in the entries. It
// applies only to the very version that was read, so that an entry which moved,
// was renamed or is gone is not written to by mistake.
func bundlePatch(configuration *admissionv1.MutatingWebhookConfiguration, entries []int, ca []byte) ([]byte, error) {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	operations := []operation{{Op: "test", Path: "/metadata/resourceVersion", Value: configuration.ResourceVersion}}
	for _, i := range entries {
		operations = append(operations, operation{Op: "add", Path: fmt.Sprintf("/webhooks/%d/clientConfig/caBundle", i), Value: ca})
	}
	return json.Marshal(operations)
}
