//go:build linux

package envoy

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// exchanges are what client and server say to each other over one connection, step by step: ">" is said by the client, "<" by
// the server, and the other side waits for it before the next step. \n is sent as the end of a line in HTTP.
var exchanges = map[string][]string{
	"case of headers": {
		">GET / HTTP/1.1\nhost: x\nX-MiXeD: 1\nx-lower: 2\n\n", "<HTTP/1.1 200 OK\nX-AnSwEr: 3\nContent-Length: 2\n\nok"},
	"path and query": {
		">GET /a//b/../c;d?e=%2F&f=%20 HTTP/1.1\nHost: x\n\n", "<HTTP/1.1 204 No Content\n\n"},
	"trailers": {
		">POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n3\nabc\n0\nX-Sum: 1\n\n",
		"<HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n2\nok\n0\nX-Sum: 2\n\n"},
	"Expect: 100-continue": {
		">POST / HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 4\n\n", "<HTTP/1.1 100 Continue\n\n",
		">body", "<HTTP/1.1 204 No Content\n\n"},
	"Expect: 100-continue, refused": {
		">POST / HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 4\n\n", "<HTTP/1.1 417 Expectation Failed\nContent-Length: 0\n\n"},
	"keep-alive": {
		">GET /1 HTTP/1.1\nHost: x\n\n", "<HTTP/1.1 204 No Content\n\n", ">GET /2 HTTP/1.1\nHost: x\n\n", "<HTTP/1.1 204 No Content\n\n"},
	"CONNECT": {
		">CONNECT host:443 HTTP/1.1\nHost: host:443\n\n", "<HTTP/1.1 200 OK\n\n", ">ping", "<pong", ">more", "<last"},
	"WebSocket": {
		">GET /ws HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
		"<HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\n",
		">\x81\x84\x01\x02\x03\x04abcd", "<\x81\x04efgh"},
	"a method of WebDAV, a reason of one's own": {
		">PROPFIND / HTTP/1.1\nHost: x\nDepth: 1\n\n", "<HTTP/1.1 299 Fine With Me\nContent-Length: 0\n\n"},
	"no HTTP at all": {
		">\x00\x01hello\x02", "<\x03world\x04", ">\x05", "<\x06"},
}

// Whatever is said passes unchanged in both directions, but for headers that are added and the case of trailers, and the order
// of steps stays: nothing is held back or answered by the proxy.
func TestEnvoyTransparency(t *testing.T) {
	s := start(t, "", plainPod)
	port := 8000
	for direction, w := range s.ways() {
		for what, steps := range exchanges {
			port++
			ended := make(chan error, 1)
			serveRaw(t, w.server, port, func(connection net.Conn, reader *bufio.Reader) {
				ended <- play(steps, '<', connection, reader)
			})
			connection, reader := connect(t, w.client, at(w.place, 0, port))
			if err := play(steps, '>', connection, reader); err != nil {
				t.Errorf("%s %s: the client: %v", direction, what, err)
				continue
			}
			if err := <-ended; err != nil {
				t.Errorf("%s %s: the server: %v", direction, what, err)
			}
			_ = connection.Close()
		}
		seen(t, "transparency, "+direction, "unchanged: %s", strings.Join(slices.Sorted(maps.Keys(exchanges)), "; "))
	}
}

// play says what its side says, and waits for what the other says: its lines, in any order and with others between them, and
// then its body.
func play(steps []string, side byte, to io.Writer, from *bufio.Reader) error {
	for _, step := range steps {
		text := step[1:]
		if strings.Contains(text, " HTTP/1.1\n") || strings.HasPrefix(text, "HTTP/1.1") {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if step[0] == side {
			if _, err := io.WriteString(to, text); err != nil {
				return err
			}
			continue
		}
		if err := expect(text, from); err != nil {
			return fmt.Errorf("wait for %q: %w", text, err)
		}
	}
	return nil
}

// expect reads what is expected: a head with the wanted lines, the first one first, and others between them, and all that
// follows it byte by byte. Names of trailers, which are in what follows, arrive in lower case.
func expect(want string, from *bufio.Reader) error {
	head, body, isHTTP := strings.Cut(want, "\r\n\r\n")
	if isHTTP {
		lines := strings.Split(head, "\r\n")
		missing := map[string]bool{}
		for _, line := range lines {
			missing[line] = true
		}
		for first := true; ; first = false {
			line, err := from.ReadString('\n')
			if err != nil {
				return fmt.Errorf("%w; read %q, missing %v", err, line, missing)
			}
			line = strings.TrimSuffix(line, "\r\n")
			if line == "" {
				break
			}
			if first && line != lines[0] {
				return fmt.Errorf("the first line is %q", line)
			}
			delete(missing, line)
		}
		if len(missing) > 0 {
			return fmt.Errorf("lines are missing: %v", missing)
		}
		want = body
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(from, got); err != nil || !strings.EqualFold(string(got), want) {
		return fmt.Errorf("got %q, %w", got, err)
	}
	return nil
}

// Requests that are sent without waiting for answers are answered in order.
func TestEnvoyPipelining(t *testing.T) {
	s := start(t, "", plainPod)
	const requests = 20
	for direction, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
		connection, reader := connect(t, w.client, at(w.place, 0, 8080))
		var all strings.Builder
		for i := range requests {
			fmt.Fprintf(&all, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i)
		}
		fmt.Fprint(connection, all.String())
		for i := range requests {
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if want := fmt.Sprintf("/%d", i); err != nil || string(body) != want {
				t.Errorf("%s: answer %q, error %v, want %q", direction, body, err, want)
			}
		}
		seen(t, "pipelining, "+direction, "%d requests answered in order", requests)
	}
}

// A body of 1 GiB passes in both directions, and the other way.
func TestEnvoyBigBody(t *testing.T) {
	const size = 1 << 30
	s := start(t, "", plainPod)
	for direction, w := range s.ways() {
		serveHTTP(t, w.server, 8080, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				_, _ = io.Copy(w, pattern(size))
				return
			}
			fmt.Fprintf(w, "%x", sum(r.Body))
		})
		url := "http://" + at(w.place, 0, 8080).String()
		up, down := bigBody(t, w.client, url, size)
		want := fmt.Sprintf("%x", sum(pattern(size)))
		if up != want || down != want {
			t.Errorf("%s: the sum is %s up and %s down, want %s", direction, up, down, want)
		}
		seen(t, "a body of 1 GiB, "+direction, "unchanged, up and down")
	}
}

// bigBody sends a body and gets one, and returns the sums of what arrived.
func bigBody(t *testing.T, from *world.Namespace, url string, size int64) (up, down string) {
	t.Helper()
	caller := client(t, from, false)
	caller.Timeout = 0
	response, err := caller.Post(url, "", pattern(size))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response, err = caller.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return string(body), fmt.Sprintf("%x", sum(response.Body))
}

// sum returns the sum of all that is read.
func sum(from io.Reader) []byte {
	h := sha256.New()
	_, _ = io.CopyBuffer(h, struct{ io.Reader }{from}, make([]byte, 1<<20))
	return h.Sum(nil)
}

// pattern returns a reader of so many bytes, which repeat only after a long time.
func pattern(size int64) io.Reader {
	block := make([]byte, 1<<20+7)
	for i := range block {
		block[i] = byte(i * i >> 3)
	}
	return io.LimitReader(&repeating{block: block}, size)
}

type repeating struct {
	block []byte
	at    int
}

func (r *repeating) Read(to []byte) (int, error) {
	n := copy(to, r.block[r.at:])
	r.at = (r.at + n) % len(r.block)
	return n, nil
}
