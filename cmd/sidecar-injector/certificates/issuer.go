package certificates

import (
	"cmp"
	"context"
	"fmt"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// caOf returns the name of the Certificate of the CA that signs a Certificate:
// that of the Secret which its Issuer, of the type CA, signs with. The error says
// where the way there ends.
func (i *Injector) caOf(ctx context.Context, certificate *cmapi.Certificate) (client.ObjectKey, error) {
	var none client.ObjectKey
	secret, err := i.caSecret(ctx, certificate)
	if err != nil {
		return none, err
	}
	var all cmapi.CertificateList
	if err := i.client.List(ctx, &all, client.InNamespace(secret.Namespace)); err != nil {
		return none, fmt.Errorf("list the Certificates of namespace %q: %w", secret.Namespace, err)
	}
	for _, ca := range all.Items {
		if ca.Spec.SecretName == secret.Name {
			return client.ObjectKeyFromObject(&ca), nil
		}
	}
	return none, fmt.Errorf("find the CA's Certificate: none has the Secret %q", name(secret))
}

// caSecret returns the name of the Secret that the issuer signs with.
func (i *Injector) caSecret(ctx context.Context, certificate *cmapi.Certificate) (client.ObjectKey, error) {
	var none client.ObjectKey
	ref := certificate.Spec.IssuerRef
	if group := cmp.Or(ref.Group, "cert-manager.io"); group != "cert-manager.io" {
		return none, fmt.Errorf("find the CA's Certificate: issuer %q is of the group %q, whose CA cert-manager does not renew", ref.Name, group)
	}
	switch kind := cmp.Or(ref.Kind, cmapi.IssuerKind); kind {
	case cmapi.IssuerKind:
	case cmapi.ClusterIssuerKind:
		// Its Secret is in a namespace that only cert-manager's flags know.
		return none, fmt.Errorf("find the CA's Certificate: %q is a ClusterIssuer; renew its Certificate where it is kept, with cmctl", ref.Name)
	default:
		return none, fmt.Errorf("find the CA's Certificate: issuer %q is of the unknown kind %q", ref.Name, kind)
	}
	var issuer cmapi.Issuer
	key := client.ObjectKey{Namespace: certificate.Namespace, Name: ref.Name}
	ok, err := i.get(ctx, key, &issuer)
	switch {
	case err != nil:
		return none, err
	case !ok:
		return none, fmt.Errorf("find the CA's Certificate: Issuer %q does not exist", name(key))
	case issuer.Spec.CA == nil:
		return none, fmt.Errorf("find the CA's Certificate: Issuer %q is not of the type CA", name(key))
	}
	return client.ObjectKey{Namespace: key.Namespace, Name: issuer.Spec.CA.SecretName}, nil
}
