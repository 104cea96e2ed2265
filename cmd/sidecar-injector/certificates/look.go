package certificates

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

// lookTimeout is for one replica. The API server gives a webhook at most half a
// minute; one that needs longer for a handshake than this serves nobody.
const lookTimeout = 10 * time.Second

// look is what a replica serves. Either chain is not empty or err is set.
type look struct {
	replica replica
	chain   []*x509.Certificate
	err     error
}

// lookAll shakes hands with all replicas at once, for the host that the first
// webhook is asked for: a server may choose its certificate by it.
func (i *Injector) lookAll(ctx context.Context, replicas []replica, configuration *admissionv1.MutatingWebhookConfiguration) []look {
	host := ""
	if webhooks := webhooksOf(configuration); len(webhooks) > 0 {
		host = certs.HostOf(&webhooks[0].ClientConfig)
	}
	looks := make([]look, len(replicas))
	var running sync.WaitGroup
	for n, replica := range replicas {
		running.Go(func() {
			chain, err := i.look(ctx, replica, host)
			looks[n] = look{replica, chain, err}
		})
	}
	running.Wait()
	return looks
}

func (i *Injector) look(ctx context.Context, r replica, host string) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if r.pod.Name == "" {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
		if err != nil {
			return nil, err
		}
		defer func() { _ = connection.Close() }()
		return served(ctx, connection, host)
	}
	forwarded, err := i.forward(ctx, r)
	if err != nil {
		return nil, err
	}
	defer forwarded.end()
	chain, err := served(ctx, forwarded, host)
	if err != nil {
		return nil, forwarded.why(ctx, err)
	}
	return chain, nil
}

// served returns the certificates that are served to who asks for the host.
func served(ctx context.Context, connection net.Conn, host string) ([]*x509.Certificate, error) {
	// It is looked at, not trusted: whether anybody trusts it is judged later.
	// A host that is an address is not sent.
	session := tls.Client(connection, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	if err := session.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("shake hands: %w", err)
	}
	return session.ConnectionState().PeerCertificates, nil
}
