package serve

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestConnections: beyond the limit the connection goes that was idle for longest, then the oldest that has sent nothing, and
// the new one where all are at work.
func TestConnections(t *testing.T) {
	for sentence, test := range map[string]struct {
		states []http.ConnState // of three connections, the last the youngest
		from   [3]string        // whose they are
		gone   int              // which one; 3: the new one
	}{
		"the oldest idle one":             {[]http.ConnState{http.StateActive, http.StateIdle, http.StateIdle}, [3]string{}, 1},
		"an idle one before a silent one": {[]http.ConnState{http.StateNew, http.StateActive, http.StateIdle}, [3]string{}, 2},
		"the oldest silent one":           {[]http.ConnState{http.StateNew, http.StateActive, http.StateNew}, [3]string{}, 0},
		"one of who has most":             {[]http.ConnState{http.StateIdle, http.StateNew, http.StateNew}, [3]string{"a", "b", "b"}, 1},
		"the new one":                     {[]http.ConnState{http.StateActive, http.StateActive, http.StateActive}, [3]string{}, 3},
	} {
		t.Run(sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := connections{most: 3}
				var closed []*atomic.Bool
				add := func(from string) net.Conn {
					pipe, theirs := net.Pipe()
					ours := &connectionFrom{pipe, from}
					gone := &atomic.Bool{}
					closed = append(closed, gone)
					t.Cleanup(func() { ours.Close() })
					go func() {
						_, err := theirs.Read(make([]byte, 1))
						gone.Store(err != nil)
					}()
					c.follow(ours, http.StateNew)
					time.Sleep(time.Second)
					return ours
				}
				for i, state := range test.states {
					if conn := add(test.from[i]); state != http.StateNew { // which it is already
						c.follow(conn, state)
					}
				}
				add("c")
				synctest.Wait()
				for number := range closed {
					if got := closed[number].Load(); got != (number == test.gone) {
						t.Errorf("connection %d: closed %v", number, got)
					}
				}
				if len(c.open) != 3 {
					t.Errorf("%d connections are known, want 3", len(c.open))
				}
			})
		})
	}
}

// connectionFrom is one whose client has an address.
type connectionFrom struct {
	net.Conn
	from string
}

// RemoteAddr returns the address, with a port.
func (c *connectionFrom) RemoteAddr() net.Addr { return &net.UnixAddr{Name: c.from + ":1"} }
