package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// Pair is a checked serving pair. It is immutable.
type Pair struct {
	// Certificate is the chain and its key; Leaf is always set.
	Certificate *tls.Certificate
	// CA holds, in PEM, the certificates that verify Certificate, each by itself.
	// Nil: unknown.
	CA []byte
	// End is when Certificate or the last of its CAs expires.
	End time.Time

	chain []*x509.Certificate // Certificate's, the leaf first
}

// newPair returns the pair of a certificate whose Leaf may not be set yet; nothing
// is known of its CA.
func newPair(certificate tls.Certificate) (*Pair, error) {
	pair := &Pair{Certificate: &certificate}
	for _, der := range certificate.Certificate {
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("parse the chain: %w", err)
		}
		pair.chain = append(pair.chain, parsed)
	}
	certificate.Leaf = pair.chain[0]
	pair.End = certificate.Leaf.NotAfter
	return pair, nil
}

// ParsePair reads a serving pair in PEM. The error says what is wrong with it: it
// does not parse, key and certificate do not match, now is outside its dates, or,
// where ca is not empty, ca does not verify it. An empty ca leaves Pair.CA nil.
func ParsePair(certificate, key, ca []byte, now time.Time) (*Pair, error) {
	parsed, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("parse the pair: %w", err)
	}
	pair, err := newPair(parsed)
	if err != nil {
		return nil, err
	}
	if err := checkDates(pair.Certificate.Leaf, now); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(ca)) == 0 {
		return pair, nil
	}
	if err := pair.takeCAs(ca, now); err != nil {
		return nil, err
	}
	return pair, nil
}

// takeCAs takes the certificates of ca that verify the pair: whatever else stands
// there deserves no trust. The error says that none does.
func (p *Pair) takeCAs(ca []byte, now time.Time) error {
	certificates, err := parseCA(ca)
	if err != nil {
		return fmt.Errorf("parse the CA: %w: %w", errWrongCA, err)
	}
	var last time.Time
	for _, certificate := range certificates {
		root := x509.NewCertPool()
		root.AddCert(certificate)
		if failed := verifyChain(p.chain, root, "", now); failed != nil {
			err = failed
			continue
		}
		p.CA = append(p.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
		if certificate.NotAfter.After(last) {
			last = certificate.NotAfter
		}
	}
	if p.CA == nil {
		return fmt.Errorf("verify the certificate by its CA: %w: %w", errWrongCA, err)
	}
	p.End = earlier(p.End, last)
	return nil
}

// NotYetValidError says that a certificate's time has not come.
type NotYetValidError struct {
	// NotBefore is when it comes.
	NotBefore time.Time
}

// Error implements error.
func (e *NotYetValidError) Error() string {
	return fmt.Sprintf("the certificate is not valid before %s", e.NotBefore.UTC().Format(time.RFC3339))
}

var (
	errExpired = errors.New("the certificate expired")
	errWrongCA = errors.New("ca.crt is not its CA")
)

// checkDates reports a leaf that is not valid at the time now.
func checkDates(leaf *x509.Certificate, now time.Time) error {
	if now.Before(leaf.NotBefore) {
		return &NotYetValidError{NotBefore: leaf.NotBefore}
	}
	if now.After(leaf.NotAfter) {
		return fmt.Errorf("%w at %s", errExpired, leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// VerifyBundle reports why an API server that reads this caBundle refuses a server
// with this chain, the leaf first, which it asked for by that host. The chain must
// not be empty.
func VerifyBundle(chain []*x509.Certificate, bundle []byte, host string, now time.Time) error {
	if len(bundle) == 0 {
		return errors.New("it has no caBundle")
	}
	if host == "" {
		return errors.New("it names neither a Service nor a URL with a host")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	return verifyChain(chain, roots, host, now)
}

// verifyChain reports a chain that the roots do not verify for a server of that
// name; an empty name is not looked at.
func verifyChain(chain []*x509.Certificate, roots *x509.CertPool, host string, now time.Time) error {
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName:       host,
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

// parseCA reads certificates in PEM, strictly: the API server refuses a caBundle
// in which anything else stands.
func parseCA(ca []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	rest := ca
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("found a PEM block %q, want only certificates", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, errors.New("found no certificate")
	}
	return certificates, nil
}

// equal reports whether both serve the same chain and key under the same CA.
func (p *Pair) equal(other *Pair) bool {
	if other == nil || len(p.Certificate.Certificate) != len(other.Certificate.Certificate) {
		return false
	}
	for i, der := range p.Certificate.Certificate {
		if !bytes.Equal(der, other.Certificate.Certificate[i]) {
			return false
		}
	}
	// Keys match their certificates, so equal leaves have equal keys.
	return bytes.Equal(p.CA, other.CA)
}
