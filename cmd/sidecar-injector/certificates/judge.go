package certificates

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

// judge makes the Status of the injector of that name from what was found at that
// time. The objects are not changed.
func judge(injector string, pair client.ObjectKey, found *objects, looks []look, now time.Time) *Status {
	s := &Status{Namespace: pair.Namespace, Name: injector, Time: now.UTC(), Problems: []string{}, Replicas: []ReplicaStatus{}}
	chain := s.judgeSecret(pair, found.secret, now)
	s.judgeCertificate(pair, found.certificate, found.secret, chain)
	s.judgeWebhooks(found.configuration, chain, now)
	for _, look := range looks {
		s.judgeReplica(look, found.configuration, chain, now)
	}
	s.OK = len(s.Problems) == 0
	return s
}

// wrong adds a problem.
func (s *Status) wrong(format string, args ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
	s.OK = false
}

func (s *Status) judgeCertificate(key client.ObjectKey, certificate *cmapi.Certificate, secret *corev1.Secret, chain []*x509.Certificate) {
	if certificate == nil {
		s.wrong("Certificate %q does not exist", name(key))
		return
	}
	issuer := certificate.Spec.IssuerRef
	c := &CertificateStatus{
		Namespace: certificate.Namespace,
		Name:      certificate.Name,
		Issuing:   certs.Issuing(certificate),
		Issuer:    IssuerStatus{cmp.Or(issuer.Group, "cert-manager.io"), cmp.Or(issuer.Kind, cmapi.IssuerKind), issuer.Name},
		Renewal:   timeOf(certificate.Status.RenewalTime),
	}
	s.Certificate = c
	if ready := certs.Condition(certificate, cmapi.CertificateConditionReady); ready != nil {
		c.Ready, c.Reason, c.Message = ready.Status == cmmeta.ConditionTrue, ready.Reason, ready.Message
	}
	switch {
	case !c.Ready:
		s.wrong("Certificate %q is not Ready%s", name(key), prefixed(": ", c.Message))
	case secret != nil && len(chain) > 0:
		if err := certs.CheckIssued(secret, chain[0], certificate); err != nil {
			s.wrong("the Secret is not what cert-manager issued last: %v", err)
		}
	}
	if attempts := certificate.Status.FailedIssuanceAttempts; attempts != nil && *attempts > 0 {
		c.Failures, c.LastFailure = *attempts, timeOf(certificate.Status.LastFailureTime)
		s.wrong("issuing Certificate %q failed, %d times in a row", name(key), c.Failures)
	}
}

// judgeSecret returns the chain in the Secret; empty if there is none.
func (s *Status) judgeSecret(key client.ObjectKey, secret *corev1.Secret, now time.Time) []*x509.Certificate {
	if secret == nil {
		s.wrong("Secret %q does not exist", name(key))
		return nil
	}
	chain := certs.ParseBundle(secret.Data[corev1.TLSCertKey])
	ca := secret.Data[cmmeta.TLSCAKey]
	s.Secret = &SecretStatus{
		Namespace: secret.Namespace, Name: secret.Name,
		Chain: describeAll(chain), CA: describeAll(certs.ParseBundle(ca)),
	}
	if _, err := certs.ParsePair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey], ca, now); err != nil {
		s.Secret.Error = err.Error()
		s.wrong("Secret %q holds no pair that can be served: %v", name(key), err)
	}
	return chain
}

func (s *Status) judgeWebhooks(configuration *admissionv1.MutatingWebhookConfiguration, chain []*x509.Certificate, now time.Time) {
	if configuration == nil {
		s.wrong("MutatingWebhookConfiguration %q does not exist", s.Name)
		return
	}
	w := &WebhooksStatus{Name: configuration.Name, Entries: []EntryStatus{}}
	w.Owner, w.Source = ownerOf(configuration)
	s.Webhooks = w
	if len(configuration.Webhooks) == 0 {
		s.wrong("MutatingWebhookConfiguration %q has no webhooks", configuration.Name)
	}
	for i := range configuration.Webhooks {
		entry := &configuration.Webhooks[i]
		e := EntryStatus{Name: entry.Name, Host: certs.HostOf(&entry.ClientConfig), CAs: []CAStatus{}}
		for _, ca := range certs.ParseBundle(entry.ClientConfig.CABundle) {
			c := CAStatus{X509: describe(ca)}
			if until := certs.KeepUntil(configuration.Annotations, ca); !until.IsZero() {
				c.KeepUntil = &until
			}
			e.CAs = append(e.CAs, c)
		}
		if len(chain) == 0 {
			e.Error = "the Secret has no leaf"
		} else if err := verify(entry, chain, now); err != nil {
			e.Error = err.Error()
			s.wrong("entry %q does not trust the Secret's leaf for %q: %v", e.Name, e.Host, err)
		}
		e.Trusted = e.Error == ""
		w.Entries = append(w.Entries, e)
	}
}

func (s *Status) judgeReplica(look look, configuration *admissionv1.MutatingWebhookConfiguration, chain []*x509.Certificate, now time.Time) {
	r := ReplicaStatus{Name: look.replica.name, Ready: look.replica.ready}
	if look.err != nil {
		r.Error = look.err.Error()
		s.Replicas = append(s.Replicas, r)
		s.wrong("replica %q cannot be looked at: %v", r.Name, look.err)
		return
	}
	leaf := describe(look.chain[0])
	r.Leaf = &leaf
	r.FromSecret = len(chain) > 0 && chain[0].Equal(look.chain[0])
	r.Trusted = len(webhooksOf(configuration)) > 0
	for i := range webhooksOf(configuration) {
		entry := &configuration.Webhooks[i]
		if err := verify(entry, look.chain, now); err != nil {
			if r.Untrusted == nil {
				r.Untrusted = map[string]string{}
			}
			r.Trusted, r.Untrusted[entry.Name] = false, err.Error()
			s.wrong("replica %q serves what entry %q does not trust: %v", r.Name, entry.Name, err)
		}
	}
	s.Replicas = append(s.Replicas, r)
}

// verify reports a chain that the entry's caBundle does not verify for its host.
func verify(entry *admissionv1.MutatingWebhook, chain []*x509.Certificate, now time.Time) error {
	return certs.VerifyBundle(chain, entry.ClientConfig.CABundle, certs.HostOf(&entry.ClientConfig), now)
}

// ownerOf tells by its annotations who keeps the caBundles of a configuration.
func ownerOf(configuration *admissionv1.MutatingWebhookConfiguration) (owner Owner, source string) {
	for _, key := range []string{cmapi.WantInjectAnnotation, cmapi.WantInjectFromSecretAnnotation, cmapi.WantInjectAPIServerCAAnnotation} {
		if value, ok := configuration.Annotations[key]; ok {
			return OwnerCAInjector, key + "=" + value
		}
	}
	for key := range configuration.Annotations {
		if strings.HasPrefix(key, certs.AnnotationKeepUntilPrefix) {
			return OwnerInjector, ""
		}
	}
	return OwnerUnknown, ""
}

func describe(certificate *x509.Certificate) X509 {
	sum := sha256.Sum256(certificate.Raw)
	names := slices.Clone(certificate.DNSNames)
	for _, ip := range certificate.IPAddresses {
		names = append(names, ip.String())
	}
	return X509{
		Subject:         certificate.Subject.String(),
		Serial:          certificate.SerialNumber.Text(16),
		Fingerprint:     hex.EncodeToString(sum[:]),
		NotBefore:       certificate.NotBefore.UTC(),
		NotAfter:        certificate.NotAfter.UTC(),
		SubjectAltNames: names,
	}
}

func describeAll(certificates []*x509.Certificate) []X509 {
	all := []X509{}
	for _, certificate := range certificates {
		all = append(all, describe(certificate))
	}
	return all
}

func timeOf(t *metav1.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
