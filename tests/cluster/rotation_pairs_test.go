package cluster_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// spoil changes the serving Secret's data to what must never be served, and
// returns the serial number of the leaf that it put there, if any.
type spoil func(ctx context.Context, r *fleet, data map[string][]byte) (serial string, err error)

// overwriteSecret spoils the serving Secret; cert-manager then issues again.
func overwriteSecret(how spoil) func(context.Context, *fleet) error {
	return func(ctx context.Context, r *fleet) error {
		return r.adopt(ctx, func(ctx context.Context) error {
			if err := waitUntilIssued(ctx, rotationRelease+"-tls"); err != nil {
				return err
			}
			secret, err := r.secret(ctx, rotationRelease+"-tls")
			if err != nil {
				return err
			}
			serial, err := how(ctx, r, secret.Data)
			if err != nil {
				return fmt.Errorf("spoil Secret %q: %w", secret.Name, err)
			}
			if serial != "" {
				r.forged[serial] = true
			}
			_, err = shared.Client.CoreV1().Secrets(rotationRelease).Update(ctx, secret, metav1.UpdateOptions{})
			return err
		})
	}
}

// garbage puts bytes there that are no certificate.
func garbage(_ context.Context, _ *fleet, data map[string][]byte) (string, error) {
	for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey, "ca.crt"} {
		data[key] = []byte("garbage")
	}
	return "", nil
}

// mismatchedKey leaves the certificate and puts another key beside it.
func mismatchedKey(_ context.Context, _ *fleet, data map[string][]byte) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	data[corev1.TLSPrivateKeyKey], err = encodeKey(key)
	return "", err
}

// expiredPair puts a pair there that the right CA has signed, for the right names,
// and whose time is over.
func expiredPair(ctx context.Context, r *fleet, data map[string][]byte) (string, error) {
	return r.sign(ctx, data, func(leaf *x509.Certificate) { leaf.NotAfter = time.Now().Add(-time.Minute) })
}

// otherName puts a pair there that the right CA has signed, for another server.
func otherName(ctx context.Context, r *fleet, data map[string][]byte) (string, error) {
	return r.sign(ctx, data, func(leaf *x509.Certificate) {
		leaf.DNSNames, leaf.IPAddresses = []string{"another.example.com"}, []net.IP{net.IPv4(192, 0, 2, 1)}
	})
}

// sign puts a pair there that the release's CA has signed: like the real one, but
// for one change.
func (r *fleet) sign(ctx context.Context, data map[string][]byte, change func(*x509.Certificate)) (string, error) {
	secret, err := r.secret(ctx, rotationRelease+"-ca")
	if err != nil {
		return "", err
	}
	ca, err := firstCertificate(secret.Data[corev1.TLSCertKey])
	if err != nil {
		return "", err
	}
	caKey, err := decodeKey(secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return "", err
	}
	real, err := firstCertificate(data[corev1.TLSCertKey])
	if err != nil {
		return "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", err
	}
	leaf := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "forged"}, DNSNames: real.DNSNames, IPAddresses: real.IPAddresses,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(leaf)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return "", err
	}
	data[corev1.TLSCertKey] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	data[corev1.TLSPrivateKeyKey], err = encodeKey(key)
	data["ca.crt"] = secret.Data[corev1.TLSCertKey]
	return serial.Text(16), err
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// decodeKey reads a key as cert-manager writes it.
func decodeKey(text []byte) (crypto.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("no key is there")
	}
	if block.Type == "EC PRIVATE KEY" {
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}
