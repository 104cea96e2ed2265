package certificates

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

var testPair = client.ObjectKey{Namespace: "mesh", Name: "injector-tls"}

// issued is a certificate and its key.
type issued struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte // of the certificate
}

func newCA(t *testing.T, name string) *issued {
	t.Helper()
	return sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(24 * 365 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}, nil)
}

// issue issues a leaf for the Service.
func (ca *issued) issue(t *testing.T, from, to time.Time) *issued {
	t.Helper()
	return sign(t, &x509.Certificate{
		DNSNames: []string{"injector.mesh.svc"}, NotBefore: from, NotAfter: to,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca)
}

// sign makes a key and a certificate for it; without a CA it signs itself.
func sign(t *testing.T, template *x509.Certificate, ca *issued) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		t.Fatal(err)
	}
	parent, parentKey := template, key
	if ca != nil {
		parent, parentKey = ca.certificate, ca.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{certificate, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func newCertificate(leaf *x509.Certificate) *cmapi.Certificate {
	return &cmapi.Certificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: testPair.Namespace, Name: testPair.Name},
		Spec:       cmapi.CertificateSpec{SecretName: testPair.Name, IssuerRef: cmmeta.IssuerReference{Name: "injector-ca"}},
		Status: cmapi.CertificateStatus{
			NotBefore: &metav1.Time{Time: leaf.NotBefore}, NotAfter: &metav1.Time{Time: leaf.NotAfter},
			Conditions: []cmapi.CertificateCondition{{Type: cmapi.CertificateConditionReady, Status: cmmeta.ConditionTrue}},
		},
	}
}

func newSecret(leaf *issued, ca []byte) *corev1.Secret {
	key, err := x509.MarshalPKCS8PrivateKey(leaf.key)
	if err != nil {
		panic(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: testPair.Namespace, Name: testPair.Name, Annotations: map[string]string{
			cmapi.CertificateNameKey: testPair.Name, cmapi.IssuerNameAnnotationKey: "injector-ca",
		}},
		Data: map[string][]byte{
			"tls.crt": leaf.pem,
			"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
			"ca.crt":  ca,
		},
	}
}

func newConfiguration(ca *x509.Certificate, bundle []byte) *admissionv1.MutatingWebhookConfiguration {
	return &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "injector", Annotations: map[string]string{
			certs.AnnotationKeepUntilPrefix + certs.Fingerprint(ca): now.Add(48 * time.Hour).Format(time.RFC3339),
		}},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "pod.test",
			ClientConfig: admissionv1.WebhookClientConfig{
				Service: &admissionv1.ServiceReference{Namespace: "mesh", Name: "injector"}, CABundle: bundle,
			},
		}},
	}
}
