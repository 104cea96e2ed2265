//go:build linux

package envoy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	pb "google.golang.org/grpc/interop/grpc_testing"
)

// nowhere is an address to which the peer, that gets its packets, forwards nothing and says nothing.
const nowhere = "198.51.100.1"

// timesOut reads until the connection ends, in whatever way, and fails the test where it does not.
func timesOut(t *testing.T, what string, reader io.Reader) {
	t.Helper()
	if _, err := io.Copy(io.Discard, reader); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: the connection does not end", what)
	}
}

// A connection that nobody answers ends with 503 for HTTP, and ends otherwise.
func TestEnvoyConnectTimeout(t *testing.T) {
	s := start(t, "http: {retries: {attempts: 0}}", annotated(`sidecar-injector.github.io/connectTimeout: 0.25s`))
	status, body, err := ask(client(t, s.Pod, false), http.MethodGet, "http://"+nowhere+"/", nil)
	if err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("status %d, error %v: %s", status, err, body)
	}
	connection, err := dial(t.Context(), s.Pod, nowhere+":9000")
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(connection, "\x00\x01")
	timesOut(t, "TCP", connection)
	for _, destination := range []string{nowhere + ":80", nowhere + ":9000"} {
		lines := s.accesses(t, "destination", destination)
		if len(lines) != 1 || lines[0]["flags"] != "UF" && lines[0]["flags"] != "UF,URX" {
			t.Errorf("the log of %s is %v, want one line with the flag UF", destination, lines)
		}
	}
	seen(t, "timeout to connect", "HTTP: 503, TCP: the end; flag UF")
}

// A request that takes too long ends with 504; what may take long does not: gRPC, upgraded connections, CONNECT, and whatever
// comes in.
func TestEnvoyRequestTimeout(t *testing.T) {
	const limit = 500 * time.Millisecond
	s := start(t, "", annotated(`sidecar-injector.github.io/requestTimeout: 0.5s`))
	for direction, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(2 * limit):
			case <-r.Context().Done():
			}
		})
		want := map[string]int{"outbound": http.StatusGatewayTimeout, "inbound": http.StatusOK}[direction]
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, _, err := ask(client(t, w.client, false), method, "http://"+at(w.place, 0, 8080).String(), nil)
			if err != nil || status != want {
				t.Errorf("%s %s: status %d, error %v, want %d", direction, method, status, err, want)
			}
		}
		w.serveGRPC(t, 9090)
		stream, err := w.callGRPC(t, 9090).FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		for time.Since(started) < 2*limit {
			time.Sleep(limit / 5)
			_ = stream.Send(&pb.StreamingOutputCallRequest{})
			if _, err := stream.Recv(); err != nil {
				t.Fatalf("%s gRPC after %s: %v", direction, time.Since(started), err)
			}
		}
		_ = stream.CloseSend()
		for i, what := range []string{"WebSocket", "CONNECT"} {
			steps := exchanges[what]
			serveRaw(t, w.server, 8100+i, func(connection net.Conn, reader *bufio.Reader) {
				_ = play(steps[:2], '<', connection, reader)
				time.Sleep(2 * limit)
				_ = play(steps[2:], '<', connection, reader)
			})
			connection, reader := connect(t, w.client, at(w.place, 0, 8100+i))
			if err := play(steps, '>', connection, reader); err != nil {
				t.Errorf("%s %s: %v", direction, what, err)
			}
		}
	}
	if lines := s.accesses(t, "direction", "outbound", "flags", "UT"); len(lines) != 2 {
		t.Errorf("the log has %d lines with the flag UT, want 2", len(lines))
	}
	seen(t, "timeout of requests", "outbound 504, flag UT; inbound, gRPC, WebSocket and CONNECT go on")
}

// A connection or a request on which nothing moves ends; one on which something does goes on for longer.
func TestEnvoyIdleTimeout(t *testing.T) {
	const limit = time.Second
	s := start(t, "", annotated(`sidecar-injector.github.io/idleTimeout: 1s`))
	for direction, w := range s.ways() {
		serveRaw(t, w.server, 9000, func(connection net.Conn, reader *bufio.Reader) { _, _ = io.Copy(connection, reader) })
		connection, reader := connect(t, w.client, at(w.place, 0, 9000))
		for started := time.Now(); time.Since(started) < 2*limit; time.Sleep(limit / 10) {
			fmt.Fprint(connection, "\x00\n")
			if _, err := reader.ReadString('\n'); err != nil {
				t.Fatalf("%s TCP with traffic, after %s: %v", direction, time.Since(started), err)
			}
		}
		timesOut(t, direction+" TCP", reader)
		serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/silent" {
				<-r.Context().Done()
				return
			}
			for started := time.Now(); time.Since(started) < 2*limit; time.Sleep(limit / 10) {
				fmt.Fprint(w, ".")
				_ = http.NewResponseController(w).Flush()
			}
		})
		url := "http://" + at(w.place, 0, 8080).String()
		if status, body, err := ask(client(t, w.client, false), http.MethodGet, url+"/moving", nil); err != nil || status != http.StatusOK || body == "" {
			t.Errorf("%s, a body that comes slowly: status %d, error %v", direction, status, err)
		}
		if status, _, err := ask(client(t, w.client, false), http.MethodGet, url+"/silent", nil); err != nil || status != http.StatusGatewayTimeout {
			t.Errorf("%s, no answer: status %d, error %v", direction, status, err)
		}
		idle, answer := connect(t, w.client, at(w.place, 0, 8080))
		fmt.Fprint(idle, "HEAD /moving HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := http.ReadResponse(answer, &http.Request{Method: http.MethodHead}); err != nil {
			t.Error(err)
		}
		timesOut(t, direction+" HTTP between requests", answer)
	}
	seen(t, "timeout of idleness", "TCP and HTTP connections end, a request without an answer gets 504; what moves goes on")
}
