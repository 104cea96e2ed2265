package cluster

import (
	"net"
	"sync"
	"time"
)

// Connection is one TCP connection through a balancer.
type Connection struct {
	// Replica names where it went; empty: no replica was in.
	Replica string
	// Opened is a moment before the replica was dialled, Answered one after its
	// first bytes had come. A server chooses its certificate between the two. Zero:
	// it never answered.
	Opened, Answered time.Time
	// Closed is when both sides were closed. Zero: it is open.
	Closed time.Time
	// Turns counts how often the talking changed sides. In TLS 1.3 the client's
	// second turn comes after it has seen the certificate: an alert, on which the
	// server says nothing, or the end of the handshake.
	Turns int
}

// Trusted reports whether the client accepted the certificate: the server went on
// after the client's second turn.
func (c Connection) Trusted() bool { return c.Turns >= 4 }

// relay copies the bytes of one connection both ways.
type relay struct {
	client *net.TCPConn
	done   chan struct{} // closed when nothing is copied any more

	mu         sync.Mutex
	server     *net.TCPConn // nil: not dialled yet, or that failed
	aborted    bool
	seen       Connection
	fromClient bool // who spoke last
}

func newRelay(name string, client *net.TCPConn) *relay {
	return &relay{client: client, done: make(chan struct{}), seen: Connection{Replica: name, Opened: time.Now()}}
}

func (r *relay) connection() Connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// run dials the address and copies until one side has closed.
func (r *relay) run(address string) {
	defer close(r.done)
	defer r.closed()
	defer r.abort()
	if address == "" {
		return
	}
	dialled, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return
	}
	server := dialled.(*net.TCPConn)
	r.mu.Lock()
	r.server = server
	late := r.aborted
	r.mu.Unlock()
	if late {
		_ = server.Close()
		return
	}
	var answers sync.WaitGroup
	answers.Go(func() {
		r.copy(r.client, server, false)
		// The server said all that it will say.
		_ = r.client.CloseWrite()
	})
	r.copy(server, r.client, true)
	r.abort()
	answers.Wait()
}

// copy copies until from ends or either fails, and notes who speaks.
func (r *relay) copy(to, from *net.TCPConn, fromClient bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			r.spoke(fromClient)
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (r *relay) spoke(fromClient bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen.Turns == 0 || r.fromClient != fromClient {
		r.seen.Turns++
		r.fromClient = fromClient
	}
	if !fromClient && r.seen.Answered.IsZero() {
		r.seen.Answered = time.Now()
	}
}

func (r *relay) closed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Closed = time.Now()
}

// finish tells the client that nothing more will come.
func (r *relay) finish() { _ = r.client.CloseWrite() }

// abort closes both sides. It may be called several times.
func (r *relay) abort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.aborted = true
	_ = r.client.Close()
	if r.server != nil {
		_ = r.server.Close()
	}
}
