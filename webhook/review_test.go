package webhook

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// connect returns a connection to a hook that gives a review 50 ms to arrive.
func connect(t *testing.T) net.Conn {
	t.Helper()
	server := serveConfig(t, "")
	hook := httptest.NewServer(reviews{&admission.Webhook{Handler: server.handler.For(ScopePod, nil)}, 50 * time.Millisecond})
	t.Cleanup(hook.Close)
	connection, err := net.Dial("tcp", hook.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// exchange sends a body, of which it announces size bytes, and returns the answer's.
func exchange(t *testing.T, connection net.Conn, size int, body []byte) string {
	t.Helper()
	fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", size, body)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAStalledReviewEnds shows that a client which does not send what it announced gets an answer, instead of holding its
// connection for ever.
func TestAStalledReviewEnds(t *testing.T) {
	got := exchange(t, connect(t), 100, []byte("{"))
	if want := "the request did not arrive in time"; !strings.Contains(got, want) {
		t.Errorf("answer %s, want %s", got, want)
	}
}

// TestTheTimeIsForReadingAlone shows that a connection which was slow between two reviews is used again.
func TestTheTimeIsForReadingAlone(t *testing.T) {
	connection, review := connect(t), reviewOf(t, aPod(t))
	for range 2 {
		if got := exchange(t, connection, len(review), review); !strings.Contains(got, `"allowed":true`) {
			t.Errorf("answer %s, want allowed", got)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
