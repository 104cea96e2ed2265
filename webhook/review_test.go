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

// TestAStalledReviewEnds shows that a client which does not send what it announced gets an answer, instead of holding its
// connection for ever.
func TestAStalledReviewEnds(t *testing.T) {
	server := serveConfig(t, "")
	hook := httptest.NewServer(reviews{&admission.Webhook{Handler: server.handler.For(ScopePod, nil)}, 50 * time.Millisecond})
	defer hook.Close()
	connection, err := net.Dial("tcp", hook.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 100\r\n\r\n{", "application/json")
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if want := "the request did not arrive in time"; err != nil || !strings.Contains(string(body), want) {
		t.Errorf("answer %s (%v), want %s", body, err, want)
	}
}

// TestTheTimeIsForReadingAlone shows that a connection which was slow between two reviews is used again.
func TestTheTimeIsForReadingAlone(t *testing.T) {
	server := serveConfig(t, "")
	hook := httptest.NewServer(reviews{&admission.Webhook{Handler: server.handler.For(ScopePod, nil)}, 50 * time.Millisecond})
	defer hook.Close()
	connection, err := net.Dial("tcp", hook.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for range 2 {
		review := reviewOf(t, aPod(t))
		fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", "application/json", len(review), review)
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !strings.Contains(string(body), `"allowed":true`) {
			t.Errorf("answer %s (%v), want allowed", body, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
