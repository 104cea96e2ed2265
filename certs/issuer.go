package certs

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errForeign says that a Secret is of another Certificate or issuer.
var errForeign = errors.New("the Secret is not of this Certificate")

// CheckIssued reports why the Secret is not what cert-manager issued last for the
// Certificate: its annotations name another Certificate or issuer, the Certificate
// is not Ready as it stands, or it is Ready for another leaf. Nil: it is, so that
// its CA deserves trust. Nothing is changed; leaf is the Secret's.
func CheckIssued(secret *corev1.Secret, leaf *x509.Certificate, certificate *cmapi.Certificate) error {
	wanted := certificate.Spec.IssuerRef
	for _, annotation := range []struct{ key, want, fallback string }{
		{cmapi.CertificateNameKey, certificate.Name, ""},
		{cmapi.IssuerNameAnnotationKey, wanted.Name, ""},
		{cmapi.IssuerKindAnnotationKey, wanted.Kind, cmapi.IssuerKind},
		{cmapi.IssuerGroupAnnotationKey, wanted.Group, "cert-manager.io"},
	} {
		got, want := cmp.Or(secret.Annotations[annotation.key], annotation.fallback), cmp.Or(annotation.want, annotation.fallback)
		if got != want {
			return fmt.Errorf("%w: its annotation %s is %q, and %q for Certificate %q", errForeign, annotation.key, got, want, certificate.Name)
		}
	}
	ready := Condition(certificate, cmapi.CertificateConditionReady)
	switch {
	case ready == nil || ready.Status != cmmeta.ConditionTrue:
		return fmt.Errorf("the Certificate %q is not Ready%s", certificate.Name, because(ready))
	case ready.ObservedGeneration != certificate.Generation:
		return fmt.Errorf("the Certificate %q is Ready as it was before it was changed", certificate.Name)
	case !sameTime(certificate.Status.NotBefore, leaf.NotBefore) || !sameTime(certificate.Status.NotAfter, leaf.NotAfter):
		return fmt.Errorf("the Certificate %q is Ready for another leaf than the Secret's", certificate.Name)
	}
	return nil
}

func because(c *cmapi.CertificateCondition) string {
	if c == nil || c.Message == "" {
		return ""
	}
	return ": " + c.Message
}

// sameTime compares to the second, as both sides are written.
func sameTime(a *metav1.Time, b time.Time) bool {
	return a != nil && a.Unix() == b.Unix()
}

// Condition returns the Certificate's condition of that type, nil if it has none.
// It points into the Certificate.
func Condition(certificate *cmapi.Certificate, of cmapi.CertificateConditionType) *cmapi.CertificateCondition {
	i := slices.IndexFunc(certificate.Status.Conditions, func(c cmapi.CertificateCondition) bool { return c.Type == of })
	if i < 0 {
		return nil
	}
	return &certificate.Status.Conditions[i]
}

// Issuing reports whether cert-manager is at work on the Certificate.
func Issuing(certificate *cmapi.Certificate) bool {
	c := Condition(certificate, cmapi.CertificateConditionIssuing)
	return c != nil && c.Status == cmmeta.ConditionTrue
}

// RequestIssuance asks cert-manager to issue the Certificate again, whatever it
// thinks of it, by the condition Issuing with the reason and message, as `cmctl
// renew` does. It does nothing where that is under way. The Certificate that is
// given is not changed; a conflict with another writer is an error.
func RequestIssuance(ctx context.Context, c client.StatusClient, certificate *cmapi.Certificate, reason, message string, now time.Time) error {
	if Issuing(certificate) {
		return nil
	}
	if certificate.ResourceVersion == "" {
		return errors.New("ask for a new certificate: the Certificate was not read from the API")
	}
	changed := certificate.DeepCopy()
	changed.Status.Conditions = slices.DeleteFunc(changed.Status.Conditions, func(c cmapi.CertificateCondition) bool {
		return c.Type == cmapi.CertificateConditionIssuing
	})
	changed.Status.Conditions = append(changed.Status.Conditions, cmapi.CertificateCondition{
		Type:               cmapi.CertificateConditionIssuing,
		Status:             cmmeta.ConditionTrue,
		Reason:             reason,
		Message:            message,
		LastTransitionTime: &metav1.Time{Time: now},
		ObservedGeneration: certificate.Generation,
	})
	patch := client.MergeFromWithOptions(certificate, client.MergeFromWithOptimisticLock{})
	if err := c.Status().Patch(ctx, changed, patch); err != nil {
		return fmt.Errorf("ask cert-manager to issue Certificate %q: %w", client.ObjectKeyFromObject(certificate), err)
	}
	return nil
}
