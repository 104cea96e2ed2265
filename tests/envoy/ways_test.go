//go:build linux

package envoy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// way is one of the two through the proxy: who asks, who answers, and the place where.
type way struct {
	client, server *world.Namespace
	place          string
}

// ways returns both by the direction that the proxy calls them.
func (s *sidecar) ways() map[string]way {
	return map[string]way{
		"inbound":  {s.Peer, s.Pod, "pod"},
		"outbound": {s.Pod, s.Peer, "elsewhere"},
	}
}

// at returns an address of a place.
func at(place string, family, port int) netip.AddrPort {
	return netip.AddrPortFrom(world.Address(place, family), uint16(port))
}

// dial connects as the application's user of a namespace.
func dial(ctx context.Context, from *world.Namespace, address string) (connection net.Conn, err error) {
	err = from.Do(world.Application, func() error {
		connection, err = (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
		return err
	})
	return connection, err
}

// connect is dial for a test, with a reader of what is answered. The connection ends with the test, and nothing on it takes
// longer than patience.
func connect(t *testing.T, from *world.Namespace, to netip.AddrPort) (net.Conn, *bufio.Reader) {
	t.Helper()
	connection, err := dial(t.Context(), from, to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(patience))
	return connection, bufio.NewReader(connection)
}

// client returns a client in the namespace, which keeps its connections until the test ends. It speaks HTTP/1.1, or HTTP/2
// without TLS.
func client(t *testing.T, from *world.Namespace, http2 bool) *http.Client {
	transport := &http.Transport{Protocols: &http.Protocols{}, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return dial(ctx, from, address)
	}}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetUnencryptedHTTP2(http2)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: patience, Transport: transport}
}

// get asks over HTTP, as the application's user of a namespace, over a connection of its own.
func (s *sidecar) get(from *world.Namespace, to netip.AddrPort, path string, header http.Header) (int, string, error) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return dial(ctx, from, address)
	}}
	return ask(&http.Client{Timeout: patience, Transport: transport}, http.MethodGet, fmt.Sprintf("http://%s%s", to, path), header)
}

// ask makes a request without a body, and returns the status and the body of what is answered.
func ask(client *http.Client, method, url string, header http.Header) (int, string, error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return 0, "", err
	}
	for key, values := range header {
		request.Header[key] = values
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// listen listens on a port of all addresses of a namespace, as the application's user, until the test ends.
func listen(t *testing.T, in *world.Namespace, port int) net.Listener {
	t.Helper()
	var listener net.Listener
	err := in.Do(world.Application, func() (err error) {
		listener, err = net.Listen("tcp", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// serveHTTP serves HTTP/1.1 and HTTP/2 without TLS on a port of all addresses of a namespace until the test ends, as the
// application's user. The function that it returns ends it earlier, with its connections.
func serveHTTP(t *testing.T, in *world.Namespace, port int, handler http.HandlerFunc) (end func()) {
	t.Helper()
	server := &http.Server{Handler: handler, Protocols: &http.Protocols{}}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	listener := listen(t, in, port)
	go func() { _ = server.Serve(listener) }()
	end = func() { _ = server.Close() }
	t.Cleanup(end)
	return end
}

// serveRaw handles each connection to a port of a namespace until the test ends, as the application's user; the connection
// is closed after it.
func serveRaw(t *testing.T, in *world.Namespace, port int, handle func(net.Conn, *bufio.Reader)) {
	t.Helper()
	listener := listen(t, in, port)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = connection.Close() }()
				_ = connection.SetDeadline(time.Now().Add(patience))
				handle(connection, bufio.NewReader(connection))
			}()
		}
	}()
}
