package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// selfSignedLife is how long a self-signed pair is valid: longer than any
// afternoon of development, and short enough that nobody runs on it for good.
const selfSignedLife = 30 * 24 * time.Hour

// SelfSigned serves a pair that was made at start and is its own CA. It is for
// development with one replica: another replica would have another CA, and their
// publishers would overwrite each other's.
type SelfSigned struct{ holder }

var (
	_ Source = (*SelfSigned)(nil)
	_ Trust  = (*SelfSigned)(nil)
)

// NewSelfSigned makes a pair for the hosts, each a DNS name or an IP address; at
// least one is required.
func NewSelfSigned(hosts []string, metrics *Metrics) (*SelfSigned, error) {
	if len(hosts) == 0 {
		return nil, errors.New("make a self-signed pair: no host is named")
	}
	certificate, key, err := selfSign(hosts, time.Now())
	if err != nil {
		return nil, fmt.Errorf("make a self-signed pair: %w", err)
	}
	pair, err := ParsePair(certificate, key, certificate, time.Now())
	if err != nil {
		return nil, fmt.Errorf("make a self-signed pair: %w", err)
	}
	source := &SelfSigned{}
	source.adopt(pair)
	metrics.pairAdopted(pair, true)
	return source, nil
}

// CAs implements [Trust].
func (s *SelfSigned) CAs() []CA { return []CA{caOf(s.pair.Load())} }

// selfSign returns a certificate and its key in PEM.
func selfSign(hosts []string, now time.Time) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "sidecar-injector (self-signed)"},
		// An hour back, for clocks that differ.
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(selfSignedLife),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}
