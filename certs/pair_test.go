package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// epoch is the time at which the tests happen.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// testCA is a CA of the tests.
type testCA struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign returns the certificate in DER; a nil parent signs itself.
func sign(t *testing.T, template *x509.Certificate, key crypto.Signer, parent *testCA) []byte {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = serial
	issuer, signer := template, key
	if parent != nil {
		issuer, signer = parent.certificate, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newCA(t *testing.T, name string) *testCA {
	t.Helper()
	return newCAUntil(t, name, epoch.Add(10000*time.Hour))
}

func newCAUntil(t *testing.T, name string, notAfter time.Time) *testCA {
	t.Helper()
	key := newKey(t)
	der := sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: epoch.Add(-time.Hour), NotAfter: notAfter,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key, nil)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &testCA{certificate: certificate, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// leaf returns a serving pair in PEM that is valid from notBefore for an hour.
func (ca *testCA) leaf(t *testing.T, notBefore time.Time) (certificate, key []byte) {
	t.Helper()
	return ca.leafUntil(t, notBefore, notBefore.Add(time.Hour))
}

func (ca *testCA) leafUntil(t *testing.T, notBefore, notAfter time.Time) (certificate, key []byte) {
	t.Helper()
	return ca.leafFor(t, "webhook.ns.svc", notBefore, notAfter)
}

func (ca *testCA) leafFor(t *testing.T, host string, notBefore, notAfter time.Time) (certificate, key []byte) {
	t.Helper()
	signer := newKey(t)
	der := sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "webhook"}, NotBefore: notBefore, NotAfter: notAfter,
		DNSNames: []string{host}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, signer, ca)
	keyDER, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

func TestParsePair(t *testing.T) {
	ca, other := newCA(t, "ours"), newCA(t, "other")
	certificate, key := ca.leaf(t, epoch)
	_, otherKey := ca.leaf(t, epoch)
	for name, test := range map[string]struct {
		certificate, key, ca []byte
		after                time.Duration // since epoch
		wantError            string        // a part of it; empty: a good pair
	}{
		"a good pair is taken":                           {certificate, key, ca.pem, time.Minute, ""},
		"a good pair without a CA is taken":              {certificate, key, nil, time.Minute, ""},
		"an empty CA is no CA":                           {certificate, key, []byte(" \n"), time.Minute, ""},
		"two CAs, one of which signed, are fine":         {certificate, key, append(bytes.Clone(other.pem), ca.pem...), time.Minute, ""},
		"the first second counts":                        {certificate, key, ca.pem, 0, ""},
		"the last second counts":                         {certificate, key, ca.pem, time.Hour, ""},
		"nothing is no pair":                             {nil, nil, ca.pem, time.Minute, "parse the pair"},
		"a truncated certificate does not parse":         {certificate[:len(certificate)/2], key, ca.pem, time.Minute, "parse the pair"},
		"garbage does not parse":                         {[]byte("garbage"), []byte("garbage"), ca.pem, time.Minute, "parse the pair"},
		"a key of another certificate does not match":    {certificate, otherKey, ca.pem, time.Minute, "does not match"},
		"an expired certificate is refused":              {certificate, key, ca.pem, 2 * time.Hour, "expired at 2026-03-01T13:00:00Z"},
		"a certificate whose time has not come is early": {certificate, key, ca.pem, -time.Minute, "not valid before 2026-03-01T12:00:00Z"},
		"another CA does not verify it":                  {certificate, key, other.pem, time.Minute, "verify the certificate by its CA"},
		"a CA that is garbage is refused":                {certificate, key, []byte("garbage"), time.Minute, "parse the CA"},
		"a key among the CAs is refused":                 {certificate, key, append(bytes.Clone(ca.pem), key...), time.Minute, `found a PEM block "PRIVATE KEY"`},
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := ParsePair(test.certificate, test.key, test.ca, epoch.Add(test.after))
			if test.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantError) {
					t.Fatalf("got error %v, want one with %q", err, test.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if pair.Certificate.Leaf == nil {
				t.Error("the leaf is not set")
			}
			want := ca.pem // never what did not sign it
			if len(bytes.TrimSpace(test.ca)) == 0 {
				want = nil
			}
			if !bytes.Equal(pair.CA, want) {
				t.Errorf("got CA %q, want %q", pair.CA, want)
			}
		})
	}
}

func TestParsePairTellsWhenAnEarlyPairIsGood(t *testing.T) {
	ca := newCA(t, "ours")
	certificate, key := ca.leaf(t, epoch)
	_, err := ParsePair(certificate, key, nil, epoch.Add(-time.Hour))
	var early *NotYetValidError
	if !errors.As(err, &early) || !early.NotBefore.Equal(epoch) {
		t.Fatalf("got %v, want a NotYetValidError of %v", err, epoch)
	}
}

// A pair ends with its CA, where that expires first.
func TestParsePairEndsWithItsCA(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{30 * time.Minute: 30 * time.Minute, 2 * time.Hour: time.Hour} {
		ca := newCAUntil(t, "ca", epoch.Add(life))
		certificate, key := ca.leaf(t, epoch)
		pair, err := ParsePair(certificate, key, ca.pem, epoch)
		if err != nil || !pair.End.Equal(epoch.Add(want)) {
			t.Errorf("under a CA of %s: got %+v, %v", life, pair, err)
		}
	}
}
