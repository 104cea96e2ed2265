package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"time"
)

// leafInterval is how often a LeafWatch looks.
const leafInterval = 40 * time.Millisecond

// LeafWatch looks at the certificate that a replica serves, many times a second,
// by handshakes of its own. From them it tells under which leaf somebody else's
// handshake was, whose certificate TLS 1.3 hides: when the looks before and after
// it saw one leaf, it was that one. Its methods may be called concurrently.
type LeafWatch struct {
	address string
	stop    context.CancelFunc
	running sync.WaitGroup

	mu   sync.Mutex
	runs []LeafRun
	err  error // of the last look
}

// LeafRun is a time in which every look saw one leaf.
type LeafRun struct {
	// Leaf was served by the replica, Serial is its serial number in hexadecimal.
	Leaf   *x509.Certificate
	Serial string
	// From is the end of the first look and To the start of the last: between
	// them the server had this leaf.
	From, To time.Time
}

// WatchLeaf starts to look at who serves on the address. The caller must Stop it.
func WatchLeaf(address string) *LeafWatch {
	ctx, stop := context.WithCancel(context.Background())
	w := &LeafWatch{address: address, stop: stop}
	w.running.Go(func() { every(ctx, leafInterval, func() { w.look(ctx) }) })
	return w
}

// Stop ends it.
func (w *LeafWatch) Stop() {
	w.stop()
	w.running.Wait()
}

// Now returns the serial number of the leaf that the last look saw. The error is
// that of the look.
func (w *LeafWatch) Now() (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return "", w.err
	case len(w.runs) == 0:
		return "", fmt.Errorf("look at the leaf of %s: not yet", w.address)
	}
	return w.runs[len(w.runs)-1].Serial, nil
}

// Since returns what was served at that time or later.
func (w *LeafWatch) Since(begin time.Time) []LeafRun {
	w.mu.Lock()
	defer w.mu.Unlock()
	var runs []LeafRun
	for _, run := range w.runs {
		if !run.To.Before(begin) {
			runs = append(runs, run)
		}
	}
	return runs
}

// Under returns the serial number of the leaf that a connection to this replica
// was answered with; empty when that cannot be told: it was not answered, the
// leaf changed meanwhile, or there was no look since.
func (w *LeafWatch) Under(c Connection) string {
	if c.Answered.IsZero() {
		return ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, run := range w.runs {
		if !c.Opened.Before(run.From) && !c.Answered.After(run.To) {
			return run.Serial
		}
	}
	return ""
}

// look shakes hands once and notes the leaf.
func (w *LeafWatch) look(ctx context.Context) {
	from := time.Now()
	leaf, err := servedLeaf(ctx, w.address)
	to := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	interrupted := w.err != nil
	if w.err = err; err != nil {
		return
	}
	if last := len(w.runs) - 1; last >= 0 && !interrupted && w.runs[last].Leaf.Equal(leaf) {
		w.runs[last].To = from
		return
	}
	w.runs = append(w.runs, LeafRun{Leaf: leaf, Serial: leaf.SerialNumber.Text(16), From: to, To: to})
}

// servedLeaf returns the leaf that is served on an address.
func servedLeaf(ctx context.Context, address string) (*x509.Certificate, error) {
	dialer := tls.Dialer{
		NetDialer: &net.Dialer{Timeout: time.Second},
		// To see what is served, not to trust it.
		Config: &tls.Config{InsecureSkipVerify: true},
	}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("look at the leaf of %s: %w", address, err)
	}
	defer func() { _ = connection.Close() }()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}
