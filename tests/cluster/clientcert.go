package cluster

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"
)

// APIClientName is the common name of the certificate that the API server shows to the webhook at ClientAddress.
const APIClientName = "kube-apiserver-webhooks"

// ClientAuthority is a CA of client certificates.
type ClientAuthority struct {
	// PEM is its own certificate.
	PEM []byte

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewClientAuthority makes a CA.
func NewClientAuthority(name string) (*ClientAuthority, error) {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	certificate, key, err := sign(template, nil)
	if err != nil {
		return nil, err
	}
	return &ClientAuthority{encode("CERTIFICATE", certificate.Raw), certificate, key}, nil
}

// Issue returns a client certificate of that name and its key, in PEM, one behind the other: who reads both from one file
// never sees halves of two pairs.
func (a *ClientAuthority) Issue(name string) ([]byte, error) {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	certificate, key, err := sign(template, a)
	if err != nil {
		return nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode the key of %q: %w", name, err)
	}
	return append(encode("CERTIFICATE", certificate.Raw), encode("PRIVATE KEY", raw)...), nil
}

// sign makes a certificate, signed by itself if no CA is given.
func sign(template *x509.Certificate, by *ClientAuthority) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make the key of %q: %w", template.Subject.CommonName, err)
	}
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, nil, fmt.Errorf("sign the certificate of %q: %w", template.Subject.CommonName, err)
	}
	certificate, err := x509.ParseCertificate(raw)
	return certificate, key, err
}

func encode(kind string, raw []byte) []byte {
	var text bytes.Buffer
	_ = pem.Encode(&text, &pem.Block{Type: kind, Bytes: raw}) // a buffer has no errors
	return text.Bytes()
}

// ReplaceFile writes a file as the kubelet writes those of Secrets: at once.
func ReplaceFile(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// webhookCredentials has the API server show a certificate to the webhook at ClientAddress, as an administrator does:
// docs/security.md. It returns the file for --admission-control-config-file.
func (c *Cluster) webhookCredentials() (string, error) {
	var err error
	if c.ClientAddress, err = FreeAddress(); err != nil {
		return "", err
	}
	if c.APIClientCA, err = NewClientAuthority("webhook clients"); err != nil {
		return "", err
	}
	pair, err := c.APIClientCA.Issue(APIClientName)
	if err != nil {
		return "", err
	}
	c.APIClientPair = c.file("webhook-client.pem")
	for path, text := range map[string]string{
		c.APIClientPair: string(pair),
		c.file("webhook-kubeconfig.yaml"): fmt.Sprintf(`apiVersion: v1
kind: Config
users:
- name: %q
  user: {client-certificate: %s, client-key: %s}
`, c.ClientAddress, c.APIClientPair, c.APIClientPair),
		c.file("admission.yaml"): fmt.Sprintf(`apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: MutatingAdmissionWebhook
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: %s
`, c.file("webhook-kubeconfig.yaml")),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return c.file("admission.yaml"), nil
}
