package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"
)

// clientAuthority signs certificates of clients.
type clientAuthority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newClientAuthority(t *testing.T, name string) *clientAuthority {
	t.Helper()
	a := &clientAuthority{}
	a.certificate, a.key = signClient(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
	return a
}

// client returns a certificate with a name that may be used for this.
func (a *clientAuthority) client(t *testing.T, name string, usage x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	certificate, key := signClient(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{usage}}, a)
	return tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}
}

// signClient signs a certificate, by itself if no authority does.
func signClient(t *testing.T, template *x509.Certificate, by *clientAuthority) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(1), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// clientServer is a TLS server whose clients a ClientCA judges.
type clientServer struct {
	file    string
	clock   *clocktesting.FakePassiveClock
	metrics *Metrics
	address string
}

func newClientServer(t *testing.T, version uint16, cas []byte, names ...string) *clientServer {
	t.Helper()
	s := &clientServer{file: filepath.Join(t.TempDir(), "ca.crt"), clock: clocktesting.NewFakePassiveClock(time.Now())}
	s.write(t, cas)
	var err error
	if s.metrics, err = NewMetrics(prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	clients, err := NewClientCA(ClientCAOptions{File: s.file, AllowedNames: names, Metrics: s.metrics, Interval: 5 * time.Millisecond, Clock: s.clock})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- clients.Start(ctx) }()
	server := httptest.NewUnstartedServer(clients.Require(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answered") })))
	server.TLS = &tls.Config{MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}}
	clients.Configure(server.TLS)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() {
		server.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	s.address = server.URL
	return s
}

// write replaces the file as the kubelet does, at once.
func (s *clientServer) write(t *testing.T, cas []byte) {
	t.Helper()
	if err := os.WriteFile(s.file+".new", cas, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.file+".new", s.file); err != nil {
		t.Fatal(err)
	}
}

// newClient returns a client with a certificate, or none.
func newClient(t *testing.T, certificates ...tls.Certificate) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: certificates}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask returns what the server answers: its body, its status, or that it refused the handshake.
func (s *clientServer) ask(client *http.Client) string {
	response, err := client.Post(s.address, "application/json", strings.NewReader("{}"))
	if err != nil {
		return "refused"
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "refused"
	}
	if response.StatusCode != http.StatusOK {
		return response.Status
	}
	return string(body)
}

func (s *clientServer) refused(reason string) float64 {
	return testutil.ToFloat64(s.metrics.clients.WithLabelValues(reason))
}

func TestClientCA(t *testing.T) {
	ours, others := newClientAuthority(t, "ours"), newClientAuthority(t, "others")
	self, selfKey := signClient(t, &x509.Certificate{Subject: pkix.Name{CommonName: "kube-apiserver"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, nil)
	for name, c := range map[string]struct {
		certificates []tls.Certificate
		want, reason string
	}{
		"the API server":                        {[]tls.Certificate{ours.client(t, "kube-apiserver", x509.ExtKeyUsageClientAuth)}, "answered", ""},
		"nobody":                                {nil, "refused", clientWithout},
		"another CA's":                          {[]tls.Certificate{others.client(t, "kube-apiserver", x509.ExtKeyUsageClientAuth)}, "refused", clientUntrusted},
		"nobody's":                              {[]tls.Certificate{{Certificate: [][]byte{self.Raw}, PrivateKey: selfKey}}, "refused", clientUntrusted},
		"a server's certificate of the same CA": {[]tls.Certificate{ours.client(t, "kube-apiserver", x509.ExtKeyUsageServerAuth)}, "refused", clientUntrusted},
		"another client of the same CA":         {[]tls.Certificate{ours.client(t, "kubelet", x509.ExtKeyUsageClientAuth)}, "refused", clientWrongName},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" by "+tls.VersionName(version), func(t *testing.T) {
				s := newClientServer(t, version, ours.pem, "kube-apiserver")
				if got := s.ask(newClient(t, c.certificates...)); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if c.reason != "" && s.refused(c.reason) == 0 {
					t.Errorf("no refusal is counted for %s", c.reason)
				}
			})
		}
	}
}

// TestClientCAFollowsItsFile shows that old and new are good together, that what is no certificate changes nothing, and that
// a CA which is gone ends the connections of its clients too.
func TestClientCAFollowsItsFile(t *testing.T) {
	old, next := newClientAuthority(t, "old"), newClientAuthority(t, "next")
	s := newClientServer(t, tls.VersionTLS13, old.pem)
	before, after := newClient(t, old.client(t, "a", x509.ExtKeyUsageClientAuth)), newClient(t, next.client(t, "a", x509.ExtKeyUsageClientAuth))
	want := func(what string, ofBefore, ofAfter string) {
		t.Helper()
		deadline := time.Now().Add(10 * time.Second)
		for {
			got := s.ask(before) + ", " + s.ask(after)
			if got == ofBefore+", "+ofAfter {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: got %s, want %s, %s", what, got, ofBefore, ofAfter)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	want("the old CA alone", "answered", "refused")
	s.write(t, append(append([]byte{}, old.pem...), next.pem...))
	want("both", "answered", "answered")
	s.write(t, []byte("garbage"))
	time.Sleep(20 * time.Millisecond)
	want("garbage", "answered", "answered")
	s.write(t, next.pem)
	want("the new CA alone", "refused", "answered")
}

// TestClientCAOfOpenConnections shows that a connection is worth no more than the certificate with which it was opened.
func TestClientCAOfOpenConnections(t *testing.T) {
	ca := newClientAuthority(t, "ca")
	s := newClientServer(t, tls.VersionTLS13, ca.pem)
	client := newClient(t, ca.client(t, "a", x509.ExtKeyUsageClientAuth))
	if got := s.ask(client); got != "answered" {
		t.Fatalf("got %q", got)
	}
	s.clock.SetTime(time.Now().Add(2 * time.Hour))
	if got, want := s.ask(client), "401 Unauthorized"; got != want {
		t.Errorf("when the certificate has expired: got %q, want %q", got, want)
	}
}

func TestClientCAThatIsNone(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "ca.crt")
	if _, err := NewClientCA(ClientCAOptions{File: missing}); err == nil || !strings.Contains(err.Error(), "read the CAs of clients: "+strconv.Quote(missing)) {
		t.Errorf("a file that is missing: %v", err)
	}
	if err := os.WriteFile(missing, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewClientCA(ClientCAOptions{File: missing}); err == nil || !strings.HasSuffix(err.Error(), "has no certificate in PEM") {
		t.Errorf("a file without a certificate: %v", err)
	}
}
