//go:build linux

package envoy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Each breaker refuses what is too much, at once, and takes more when there is room again. With one thread of the proxy the
// counts are exact.
func TestEnvoyBreakers(t *testing.T) {
	s := start(t, "circuitBreakers: {connections: 2, pendingRequests: 1, requests: 3}", annotated(`sidecar-injector.github.io/concurrency: "1"`))
	for direction, w := range s.ways() {
		arrived, release := make(chan struct{}, 10), make(chan struct{})
		serveHTTP(t, w.server, 8080, func(http.ResponseWriter, *http.Request) {
			arrived <- struct{}{}
			<-release
		})
		url := "http://" + at(w.place, 0, 8080).String()
		for _, c := range []struct {
			what      string
			http2     bool
			reach     int // so many requests reach the server
			wait      int // so many wait in the proxy
			overflows int
		}{
			{"HTTP/1.1", false, 2, 1, 3},
			{"HTTP/2", true, 3, 0, 3},
		} {
			caller := client(t, w.client, c.http2)
			if c.http2 { // The connection is there first: what comes before would wait, and overflow.
				go func() { <-arrived; release <- struct{}{} }()
				if status, _, err := ask(caller, http.MethodGet, url, nil); err != nil || status != http.StatusOK {
					t.Errorf("%s %s: status %d, error %v", direction, c.what, status, err)
				}
			}
			statuses := make(chan int, 10)
			var done sync.WaitGroup
			send := func() {
				done.Go(func() {
					status, _, err := ask(caller, http.MethodGet, url, nil)
					if err != nil {
						t.Errorf("%s %s: %v", direction, c.what, err)
					}
					statuses <- status
				})
			}
			for range c.reach {
				send()
				<-arrived
			}
			for range c.wait + c.overflows {
				send()
			}
			for range c.overflows {
				if status := <-statuses; status != http.StatusServiceUnavailable {
					t.Errorf("%s %s: status %d of a request too many, want 503", direction, c.what, status)
				}
			}
			for range c.reach {
				release <- struct{}{}
			}
			for range c.wait {
				<-arrived
				release <- struct{}{}
			}
			done.Wait()
			for range c.reach + c.wait {
				if status := <-statuses; status != http.StatusOK {
					t.Errorf("%s %s: status %d of one that is allowed, want 200", direction, c.what, status)
				}
			}
			caller.CloseIdleConnections()
			seen(t, "breakers, "+direction+", "+c.what, "%d requests at the server, %d waiting, %d refused with 503; then 200 again", c.reach, c.wait, c.overflows)
		}
	}
	for direction := range s.ways() {
		if lines := s.accesses(t, "direction", direction, "flags", "UO"); len(lines) != 6 {
			t.Errorf("%s: the log has %d lines with the flag UO, want 6", direction, len(lines))
		}
	}
}

// The bound of connections holds for TCP too, over all destinations together.
func TestEnvoyBreakersTCP(t *testing.T) {
	s := start(t, "circuitBreakers: {connections: 2}", annotated(`sidecar-injector.github.io/concurrency: "1"`))
	for direction, w := range s.ways() {
		for _, port := range []int{9000, 9001} {
			serveRaw(t, w.server, port, func(connection net.Conn, reader *bufio.Reader) { _, _ = io.Copy(connection, reader) })
		}
		echo := func(port int) (net.Conn, error) {
			connection, reader := connect(t, w.client, at(w.place, 0, port))
			fmt.Fprint(connection, "\x00\n")
			_, err := reader.ReadString('\n')
			return connection, err
		}
		first, err := echo(9000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := echo(9001); err != nil {
			t.Fatal(err)
		}
		if _, err := echo(9001); err == nil {
			t.Errorf("%s: a third connection is passed on", direction)
		}
		_ = first.Close()
		// The proxy may see the end of the first one a little later.
		for deadline := time.Now().Add(patience); ; {
			if _, err := echo(9000); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("%s: no connection is passed on after one has ended: %v", direction, err)
			}
		}
		seen(t, "breakers, "+direction+", TCP", "2 connections to two destinations, the third closed")
	}
}
