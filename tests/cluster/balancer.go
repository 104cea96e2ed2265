package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// dropAfter is how long a balancer sends connections to a replica whose
	// readiness has fallen: about what a Service needs to forget a pod.
	dropAfter = 2 * time.Second
	// readyInterval is how often a replica is asked whether it is ready.
	readyInterval = 100 * time.Millisecond
	// closeInterval is how often all connections are closed. API servers keep them,
	// and would never look at a certificate again; and the more handshakes there
	// are, the fewer moments nobody sees.
	closeInterval = 150 * time.Millisecond
	// closeTimeout is how long the other side may take to close too.
	closeTimeout = 200 * time.Millisecond
)

// BalancerOptions says how a balancer works.
type BalancerOptions struct {
	// Address is the host:port to listen on. Default: a free one of loopback.
	Address string
	// Quiet calls its argument, which closes all connections, at a moment at
	// which nobody waits for an answer: a connection that is closed under a
	// request costs the request, which would count against the replicas. Nil: at
	// any moment.
	Quiet func(closeAll func())
}

// Balancer stands before several replicas on one address of loopback, as a
// Service does: it sees only TCP. It takes the replicas that are ready in turn,
// drops one 2 s after its readiness falls, and closes every connection before it
// is 1 s old, provided that Quiet finds a moment. Its methods may be called
// concurrently.
type Balancer struct {
	// Address is the host:port that it listens on.
	Address string

	options  BalancerOptions
	listener net.Listener
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	replicas []*replica
	next     int
	open     map[*relay]struct{}
	all      []*relay
}

// replica is where connections may go.
type replica struct {
	name, address, health string
	in                    bool
	lastReady             time.Time
}

// StartBalancer starts a balancer without replicas. The caller must Stop it.
func StartBalancer(o BalancerOptions) (*Balancer, error) {
	if o.Quiet == nil {
		o.Quiet = func(closeAll func()) { closeAll() }
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for the balancer: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Balancer{Address: listener.Addr().String(), options: o, listener: listener, stop: stop, open: map[*relay]struct{}{}}
	b.running.Go(b.accept)
	b.running.Go(func() { every(ctx, readyInterval, b.poll) })
	b.running.Go(func() { every(ctx, closeInterval, func() { b.options.Quiet(b.closeAll) }) })
	return b, nil
}

// Stop closes the listener and every connection, and waits for that.
func (b *Balancer) Stop() error {
	b.stop()
	err := b.listener.Close()
	b.closeAll()
	b.running.Wait()
	return err
}

// Set adds a replica, or gives one of that name other addresses: where it serves
// and where it says that it is ready.
func (b *Balancer) Set(name, address, health string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.replicas {
		if r.name == name {
			r.address, r.health = address, health
			return
		}
	}
	b.replicas = append(b.replicas, &replica{name: name, address: address, health: health})
}

// Ready reports whether connections go to the replica.
func (b *Balancer) Ready(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.replicas {
		if r.name == name {
			return r.in
		}
	}
	return false
}

// Connections returns what is known about every connection so far, those that
// are open included, in the order of their opening.
func (b *Balancer) Connections() []Connection {
	b.mu.Lock()
	all := b.all
	b.mu.Unlock()
	list := make([]Connection, 0, len(all))
	for _, r := range all {
		list = append(list, r.connection())
	}
	return list
}

// accept relays each connection until the listener is closed.
func (b *Balancer) accept() {
	for {
		client, err := b.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // this connection's own fault
		}
		b.running.Go(func() { b.serve(client.(*net.TCPConn)) })
	}
}

// serve relays one connection. When no replica is in, or the one whose turn it
// is does not answer, it is closed: like a Service, a balancer tries no other.
func (b *Balancer) serve(client *net.TCPConn) {
	name, address := b.pick()
	r := newRelay(name, client)
	b.mu.Lock()
	b.open[r] = struct{}{}
	b.all = append(b.all, r)
	b.mu.Unlock()
	r.run(address)
	b.mu.Lock()
	delete(b.open, r)
	b.mu.Unlock()
}

// pick returns the next replica that is in; empty strings when none is.
func (b *Balancer) pick() (name, address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.replicas {
		b.next++
		if r := b.replicas[b.next%len(b.replicas)]; r.in {
			return r.name, r.address
		}
	}
	return "", ""
}

// poll asks every replica whether it is ready.
func (b *Balancer) poll() {
	b.mu.Lock()
	replicas := append([]*replica{}, b.replicas...)
	b.mu.Unlock()
	var asking sync.WaitGroup
	for _, r := range replicas {
		asking.Go(func() { b.ask(r) })
	}
	asking.Wait()
}

// ask puts a replica in or out.
func (b *Balancer) ask(r *replica) {
	b.mu.Lock()
	health := r.health
	b.mu.Unlock()
	ok := false
	client := http.Client{Timeout: time.Second}
	if response, err := client.Get("http://" + health + "/readyz"); err == nil {
		ok = response.StatusCode == http.StatusOK
		_, _ = io.Copy(io.Discard, response.Body) // so that the connection is used again
		_ = response.Body.Close()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if health != r.health {
		return // it is another process by now
	}
	if ok {
		r.in, r.lastReady = true, time.Now()
	} else if time.Since(r.lastReady) >= dropAfter {
		r.in = false
	}
}

// closeAll closes every open connection and waits until the other side has
// closed too, which shows that it will not use it again.
func (b *Balancer) closeAll() {
	b.mu.Lock()
	var open []*relay
	for r := range b.open {
		open = append(open, r)
	}
	b.mu.Unlock()
	for _, r := range open {
		r.finish()
	}
	timeout := time.After(closeTimeout)
	for _, r := range open {
		select {
		case <-r.done:
		case <-timeout:
			r.abort()
		}
	}
}

// every calls do until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}
