package serve

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// maxConnections is how many connections the webhook's port holds. Each costs some 50 KiB; an API server keeps one for each
// request that it has made at the same time as others.
const maxConnections = 512

// connections keeps a server at its limit of connections: one more costs one of the address that has most of those that are
// not at work, the one that has been idle for longest, or else the oldest that has sent no request yet, such as a handshake
// that stalls. Where all are at work, the new one is closed. It is safe for concurrent use; the zero value has room for none.
type connections struct {
	most int

	mu   sync.Mutex
	open map[net.Conn]connection
}

// connection is what is known of one.
type connection struct {
	state http.ConnState
	since time.Time
}

// follow is a server's ConnState.
func (c *connections) follow(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.open, conn)
		return
	}
	if state == http.StateNew && len(c.open) >= c.most {
		spare := c.spare()
		if spare == nil {
			go func() { _ = conn.Close() }() // which the server notices
			return
		}
		delete(c.open, spare)
		go func() { _ = spare.Close() }() // it may say so to the client, and wait for that
	}
	if c.open == nil {
		c.open = map[net.Conn]connection{}
	}
	c.open[conn] = connection{state, time.Now()}
}

// spare returns the connection that is missed least, or nil.
func (c *connections) spare() (spare net.Conn) {
	from := map[string]int{}
	for conn, known := range c.open {
		if known.state != http.StateActive {
			from[hostOf(conn)]++
		}
	}
	var least connection
	var most int
	for conn, known := range c.open {
		if known.state == http.StateActive {
			continue
		}
		count := from[hostOf(conn)]
		older := known.state > least.state || known.state == least.state && known.since.Before(least.since)
		if spare == nil || count > most || count == most && older {
			spare, least, most = conn, known, count
		}
	}
	return spare
}

// hostOf returns the address of a client without its port.
func hostOf(conn net.Conn) string {
	address := conn.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
