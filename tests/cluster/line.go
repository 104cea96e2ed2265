package cluster

import (
	"fmt"
	"net"
	"sync"
)

// Line is a TCP connection to a server that can be cut: what goes to Address goes to the server. Its methods may be called
// concurrently.
type Line struct {
	// Address is the host:port that it listens on.
	Address string

	server   string
	listener net.Listener
	running  sync.WaitGroup

	mu   sync.Mutex
	cut  bool
	open map[*relay]struct{}
}

// StartLine starts a line to a server, host:port. The caller must Stop it.
func StartLine(server string) (*Line, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the line to %s: %w", server, err)
	}
	l := &Line{Address: listener.Addr().String(), server: server, listener: listener, open: map[*relay]struct{}{}}
	l.running.Go(l.accept)
	return l, nil
}

// Stop closes the listener and every connection, and waits for that.
func (l *Line) Stop() {
	_ = l.listener.Close()
	l.Cut()
	l.running.Wait()
}

// Cut closes every connection, and those that come until Restore.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for r := range l.open {
		r.abort()
	}
}

// Restore undoes Cut.
func (l *Line) Restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

// accept relays each connection until the listener is closed.
func (l *Line) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		r := newRelay(l.server, client.(*net.TCPConn))
		l.mu.Lock()
		l.open[r] = struct{}{}
		cut := l.cut
		l.mu.Unlock()
		if cut {
			r.abort()
		}
		l.running.Go(func() {
			r.run(l.server)
			l.mu.Lock()
			delete(l.open, r)
			l.mu.Unlock()
		})
	}
}
