//go:build linux

package envoy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// What a connection is, is told by its first bytes, and each takes the way that it should: HTTP request by request, all else
// as bytes.
func TestEnvoyDetection(t *testing.T) {
	s := start(t, "", plainPod)
	for direction, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
		connection, reader := connect(t, w.client, at(w.place, 0, 8080))
		fmt.Fprint(connection, "GET /1.0 HTTP/1.0\r\n\r\n")
		if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s HTTP/1.0: %v, %v", direction, response, err)
		}
		if _, err := io.Copy(io.Discard, reader); err != nil {
			t.Errorf("%s HTTP/1.0: the connection does not end: %v", direction, err)
		}
		for _, http2 := range []bool{false, true} {
			path := map[bool]string{false: "/1.1", true: "/2"}[http2]
			want := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]
			_, body, err := ask(client(t, w.client, http2), http.MethodGet, "http://"+at(w.place, 0, 8080).String()+path, nil)
			if err != nil || body != want {
				t.Errorf("%s: the server was asked by %q, want %q: %v", direction, body, want, err)
			}
		}
		secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.TLS.ServerName) }))
		secure.Listener = listen(t, w.server, 8443)
		secure.StartTLS()
		t.Cleanup(secure.Close)
		transport := secure.Client().Transport.(*http.Transport)
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, w.client, at(w.place, 0, 8443).String())
		}
		transport.TLSClientConfig.ServerName, transport.TLSClientConfig.MinVersion = "example.com", tls.VersionTLS12
		if _, body, err := ask(secure.Client(), http.MethodGet, "https://example.com/", nil); err != nil || body != "example.com" {
			t.Errorf("%s TLS: %q, %v", direction, body, err)
		}
		secure.CloseClientConnections()
		serveRaw(t, w.server, 9000, func(connection net.Conn, reader *bufio.Reader) {
			line, _ := reader.ReadString('\n')
			fmt.Fprintf(connection, "%s", line)
		})
		other, answer := connect(t, w.client, at(w.place, 0, 9000))
		fmt.Fprint(other, "something else\n")
		if line, err := answer.ReadString('\n'); err != nil || line != "something else\n" {
			t.Errorf("%s, neither HTTP nor TLS: %q, %v", direction, line, err)
		}
		_ = other.Close()
	}
	for direction, w := range s.ways() {
		for path, want := range map[string]string{"/1.0": "HTTP/1.0", "/1.1": "HTTP/1.1", "/2": "HTTP/2"} {
			lines := s.accesses(t, "direction", direction, "path", path)
			if len(lines) != 1 || lines[0]["protocol"] != want {
				t.Errorf("%s: the log of %s is %v, want protocol %s", direction, path, lines, want)
			}
		}
		for name, port := range map[string]int{"example.com": 8443, "": 9000} {
			lines := s.accesses(t, "direction", direction, "protocol", "TCP", "destination", at(w.place, 0, port).String())
			if len(lines) != 1 || name != "" && lines[0]["server_name"] != name {
				t.Errorf("%s: the log of port %d is %v, want one line for TCP, and %q", direction, port, lines, name)
			}
		}
	}
	seen(t, "detection", "HTTP/1.0, HTTP/1.1 and HTTP/2 without TLS as requests, TLS and all else as bytes, in both directions")
}

// Nothing is waited for on the ports where the server speaks first: with a wait without end, it is heard there alone.
func TestEnvoyServerFirstPorts(t *testing.T) {
	s := start(t, `{http: {detectionTimeout: 0s, serverFirstPorts: [3306]}}`, plainPod)
	for direction, w := range s.ways() {
		s.Answer(t, w.server, "server", 3306, 7000)
		if line, err := w.client.Call(world.Application, at(w.place, 0, 3306), patience); err != nil || line != "server" {
			t.Errorf("%s, port 3306: %q, %v", direction, line, err)
		}
		if line, err := w.client.Call(world.Application, at(w.place, 0, 7000), world.Briefly); err == nil {
			t.Errorf("%s, port 7000: %q", direction, line)
		}
	}
	seen(t, "the server speaks first", "heard after http.detectionTimeout, on http.serverFirstPorts at once")
}

// A connection on which the client says nothing for so long is passed on as bytes as long as it lives, also where HTTP follows.
func TestEnvoyLateClient(t *testing.T) {
	s := start(t, "http: {detectionTimeout: 0.05s}", plainPod)
	for direction, w := range s.ways() {
		accepted := make(chan struct{})
		serveRaw(t, w.server, 8080, func(connection net.Conn, reader *bufio.Reader) {
			close(accepted) // the proxy has decided
			if _, err := http.ReadRequest(reader); err == nil {
				fmt.Fprint(connection, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
			}
		})
		connection, reader := connect(t, w.client, at(w.place, 0, 8080))
		<-accepted
		fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %v, error %v, want the server's own answer", direction, response, err)
		}
		_ = connection.Close()
	}
	for direction := range s.ways() {
		http, tcp := s.accesses(t, "direction", direction, "method", "GET"), s.accesses(t, "direction", direction, "protocol", "TCP")
		if len(http) != 0 || len(tcp) != 1 {
			t.Errorf("%s: the log has requests %v and connections %v, want one connection", direction, http, tcp)
		}
	}
	seen(t, "the client speaks late", "after http.detectionTimeout its connection is bytes: no retries, one line in the log")
}
