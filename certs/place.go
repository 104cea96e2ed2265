package certs

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// place is a kind of object that a trust bundle is published in.
type place interface {
	// object returns an empty one, to be read or answered into.
	object() client.Object
	// holds returns what an object holds. It belongs to the object.
	holds(client.Object) *held
	// patch returns the fields, for a strategic merge patch, that put the bundle
	// into the places of those names in an object, and leave the rest as it is.
	patch(object client.Object, names []string, bundle []byte) map[string]any
}

// webhooks is the caBundle of every webhook of a MutatingWebhookConfiguration, or of a
// ValidatingWebhookConfiguration.
type webhooks struct{ validating bool }

func (w webhooks) object() client.Object {
	if w.validating {
		return &admissionv1.ValidatingWebhookConfiguration{}
	}
	return &admissionv1.MutatingWebhookConfiguration{}
}

// bundleOf is the caBundle of the webhook of that name.
type bundleOf struct {
	name   string
	bundle []byte
}

// bundlesOf returns those of the object's webhooks, in their order.
func bundlesOf(object client.Object) []bundleOf {
	var all []bundleOf
	switch configuration := object.(type) {
	case *admissionv1.MutatingWebhookConfiguration:
		for i := range configuration.Webhooks {
			all = append(all, bundleOf{configuration.Webhooks[i].Name, configuration.Webhooks[i].ClientConfig.CABundle})
		}
	case *admissionv1.ValidatingWebhookConfiguration:
		for i := range configuration.Webhooks {
			all = append(all, bundleOf{configuration.Webhooks[i].Name, configuration.Webhooks[i].ClientConfig.CABundle})
		}
	}
	return all
}

func (webhooks) holds(object client.Object) *held {
	h := &held{bundles: map[string][]byte{}, annotations: object.GetAnnotations()}
	for _, webhook := range bundlesOf(object) {
		h.bundles[webhook.name] = webhook.bundle
	}
	return h
}

func (webhooks) patch(object client.Object, names []string, bundle []byte) map[string]any {
	var entries, order []any
	for _, webhook := range bundlesOf(object) {
		order = append(order, map[string]any{"name": webhook.name})
		if slices.Contains(names, webhook.name) {
			entries = append(entries, map[string]any{"name": webhook.name, "clientConfig": map[string]any{"caBundle": bundle}})
		}
	}
	return map[string]any{"webhooks": entries, "$setElementOrder/webhooks": order}
}

// trustSecret is the key ca.crt of a Secret.
type trustSecret struct{}

func (trustSecret) object() client.Object { return &corev1.Secret{} }

func (trustSecret) holds(object client.Object) *held {
	h := &held{bundles: map[string][]byte{}, annotations: object.GetAnnotations()}
	if secret, ok := object.(*corev1.Secret); ok {
		h.bundles[cmmeta.TLSCAKey] = secret.Data[cmmeta.TLSCAKey]
	}
	return h
}

func (trustSecret) patch(_ client.Object, names []string, bundle []byte) map[string]any {
	data := map[string]any{}
	for _, name := range names {
		data[name] = bundle
	}
	return map[string]any{"data": data}
}

// bundlePatch returns the strategic merge patch that puts the bundle into the
// places and changes the annotations. It applies only to the very version that was
// read: a patch of a webhook that is gone would add half of one.
func bundlePatch(in place, object client.Object, names []string, bundle []byte, annotations map[string]any, now time.Time) ([]byte, error) {
	patch := map[string]any{}
	if len(names) > 0 {
		patch = in.patch(object, names, bundle)
		annotations[AnnotationBundleWritten] = now.UTC().Format(time.RFC3339)
	}
	patch["metadata"] = map[string]any{"resourceVersion": object.GetResourceVersion(), "annotations": annotations}
	return json.Marshal(patch)
}

// disownPatch returns the RFC 6902 patch that takes the publisher out of the
// object's managedFields, nil if it does not stand there.
func disownPatch(object client.Object) ([]byte, error) {
	i := slices.IndexFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == fieldOwner })
	if i < 0 {
		return nil, nil
	}
	return json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/resourceVersion", "value": object.GetResourceVersion()},
		{"op": "remove", "path": fmt.Sprintf("/metadata/managedFields/%d", i)},
	})
}
