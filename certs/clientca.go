package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"

	"github.com/sidecar-injector/sidecar-injector/internal/files"
)

// ClientCAOptions are the settings of a [ClientCA].
type ClientCAOptions struct {
	// File holds the CAs in PEM, several while one follows another. Required.
	File string
	// AllowedNames are the common names of which a certificate has to have one. Empty: any name.
	AllowedNames []string
	// Log gets changes of the file and clients that are refused. The zero value discards them.
	Log logr.Logger
	// Metrics counts clients that are refused. Nil: none.
	Metrics *Metrics
	// Interval is how often the file is read. 0: a second.
	Interval time.Duration
	// Clock says what time it is. Nil: the real clock.
	Clock clock.PassiveClock
}

// ClientCA decides which clients of a TLS server are answered: those with a certificate that is valid under one of the CAs
// of a file now. It follows the file while Start runs. Its methods may be called concurrently.
type ClientCA struct {
	options ClientCAOptions
	held    atomic.Pointer[clientCAs]
	failed  string // what was wrong with the file when it was last read, so that it is logged once
}

// maxClientCAs is how many bytes the file may have.
const maxClientCAs = 1 << 20

// clientCAs are what the file held.
type clientCAs struct {
	text []byte
	pool *x509.CertPool
}

// NewClientCA reads the file once. It fails if that cannot be read, or has no certificate in it.
func NewClientCA(options ClientCAOptions) (*ClientCA, error) {
	if options.Interval == 0 {
		options.Interval = time.Second
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	c := &ClientCA{options: options}
	return c, c.read(context.Background())
}

// read takes what the file holds. After an error all is as it was.
func (c *ClientCA) read(ctx context.Context) error {
	text, err := files.Read(ctx, c.options.File, maxClientCAs)
	if err != nil {
		return fmt.Errorf("read the CAs of clients: %q: %w", c.options.File, err)
	}
	held := c.held.Load()
	if held != nil && bytes.Equal(held.text, text) {
		return nil
	}
	all := ParseBundle(text)
	if len(all) == 0 {
		return fmt.Errorf("read the CAs of clients: %q has no certificate in PEM", c.options.File)
	}
	pool := x509.NewCertPool()
	for _, ca := range all {
		pool.AddCert(ca)
	}
	c.held.Store(&clientCAs{text, pool})
	c.options.Log.Info("CAs of clients adopted", "file", c.options.File, "certificates", len(all))
	return nil
}

// Start follows the file until ctx ends. What cannot be used is logged once, and the last good CAs stay.
func (c *ClientCA) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, c.look, c.options.Interval)
	return nil
}

// look takes what the file holds now and logs a refusal, once.
func (c *ClientCA) look(ctx context.Context) {
	err := c.read(ctx)
	if ctx.Err() != nil {
		return
	}
	if problem := fmt.Sprint(err); problem != c.failed {
		c.failed = problem
		if err != nil {
			c.options.Log.Error(err, "CAs of clients refused, keeping the last good ones")
		}
	}
}

// NeedLeaderElection says that every replica follows its file.
func (c *ClientCA) NeedLeaderElection() bool { return false }

// Configure has a TLS server ask its clients for a certificate, and end a handshake without a good one.
func (c *ClientCA) Configure(config *tls.Config) {
	config.ClientAuth = tls.RequestClientCert // and VerifyConnection demands it, by the CAs of the moment
	config.VerifyConnection = func(state tls.ConnectionState) error { return c.verify(&state) }
}

// Require returns a handler that answers requests as the hook does if the client's certificate is still good, and with
// status 401 otherwise: a connection may be older than the CAs, and live longer than the certificate.
func (c *ClientCA) Require(hook http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.verify(r.TLS); err != nil {
			w.Header().Set("Connection", "close")
			http.Error(w, "client certificate required: "+err.Error(), http.StatusUnauthorized)
			return
		}
		hook.ServeHTTP(w, r)
	})
}

// The reasons for which clients are refused.
const (
	clientWithout   = "no_certificate"
	clientUntrusted = "untrusted"
	clientWrongName = "wrong_name"
)

var clientRefusals = []string{clientWithout, clientUntrusted, clientWrongName}

// verify says why a client is refused; nil if it is not.
func (c *ClientCA) verify(state *tls.ConnectionState) error {
	reason, err := c.judge(state)
	if err != nil {
		c.options.Metrics.clientRefused(reason)
		c.options.Log.V(1).Info("Client refused", "reason", reason, "error", err.Error())
	}
	return err
}

func (c *ClientCA) judge(state *tls.ConnectionState) (reason string, err error) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return clientWithout, errors.New("the client has no certificate")
	}
	leaf := state.PeerCertificates[0]
	options := x509.VerifyOptions{
		Roots:         c.held.Load().pool,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   c.options.Clock.Now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, intermediate := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(intermediate)
	}
	if _, err := leaf.Verify(options); err != nil {
		return clientUntrusted, err
	}
	if names := c.options.AllowedNames; len(names) > 0 && !slices.Contains(names, leaf.Subject.CommonName) {
		return clientWrongName, fmt.Errorf("the client is %q, want one of %s", leaf.Subject.CommonName, strings.Join(names, ", "))
	}
	return "", nil
}
