package webhook

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// aHook returns a hook that gives a review 400 ms to arrive and to be answered, if its client says no other time.
func aHook(t *testing.T) reviews {
	t.Helper()
	counted, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return reviews{&admission.Webhook{Handler: serveConfig(t, "").handler.For(ScopePod, nil)}, 400 * time.Millisecond, newGate(counted)}
}

// connect returns a connection to a hook.
func connect(t *testing.T, hook reviews) net.Conn {
	t.Helper()
	server := httptest.NewServer(hook)
	t.Cleanup(server.Close)
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// send sends a body, of which it announces size bytes, and returns the answer.
func send(t *testing.T, connection net.Conn, query string, size int, body []byte) (response *http.Response, text string) {
	t.Helper()
	fmt.Fprintf(connection, "POST /%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", query, size, body)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(read)
}

func exchange(t *testing.T, connection net.Conn, size int, body []byte) string {
	t.Helper()
	_, text := send(t, connection, "", size, body)
	return text
}

// TestAStalledReviewEnds shows that a client which does not send what it announced gets an answer, instead of holding its
// connection for ever.
func TestAStalledReviewEnds(t *testing.T) {
	got := exchange(t, connect(t, aHook(t)), 100, []byte("{"))
	if want := "the request did not arrive in time"; !strings.Contains(got, want) {
		t.Errorf("answer %s, want %s", got, want)
	}
}

// TestTheTimeIsForReadingAlone shows that a connection which was slow between two reviews is used again.
func TestTheTimeIsForReadingAlone(t *testing.T) {
	connection, review := connect(t, aHook(t)), reviewOf(t, aPod(t))
	for range 2 {
		if got := exchange(t, connection, len(review), review); !strings.Contains(got, `"allowed":true`) {
			t.Errorf("answer %s, want allowed", got)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// TestTheTimeOfTheAPIServer shows that a review which the API server waits for no longer is not waited for either.
func TestTheTimeOfTheAPIServer(t *testing.T) {
	hook := aHook(t)
	hook.maxTime = time.Hour
	_, got := send(t, connect(t, hook), "?timeout=20ms", 100, []byte("{"))
	if want := "the request did not arrive in time"; !strings.Contains(got, want) {
		t.Errorf("answer %s, want %s", got, want)
	}
	for query, want := range map[string]time.Duration{
		"": maxTime, "?timeout=3s": 3 * time.Second, "?timeout=2m": maxTime, "?timeout=-1s": maxTime, "?timeout=0s": maxTime, "?timeout=soon": maxTime,
	} {
		if got := (reviews{maxTime: maxTime}).timeOf(httptest.NewRequest(http.MethodPost, "/"+query, nil)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestTooManyRequests shows that a request for which there is no room, or none for its body until the API server gives it up,
// is answered with 429 in a form that API servers know, and counted; and that the room is there again afterwards.
func TestTooManyRequests(t *testing.T) {
	review := reviewOf(t, aPod(t))
	large := append(bytes.Repeat([]byte(" "), 6<<20), review...) // which no socket holds: it has to be read
	for sentence, c := range map[string]struct {
		take, free func(hook reviews)
		review     []byte
	}{
		"requests": {
			func(hook reviews) {
				for range maxRequests {
					hook.gate.requests <- struct{}{}
				}
			},
			func(hook reviews) { <-hook.gate.requests }, review,
		},
		"bodies": {
			func(hook reviews) { _ = hook.gate.bodies.Acquire(t.Context(), maxBodies) },
			func(hook reviews) { hook.gate.bodies.Release(maxBodies) }, large,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			hook := aHook(t)
			connection := connect(t, hook)
			c.take(hook)
			response, text := send(t, connection, "", len(c.review), c.review)
			if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != retryAfter {
				t.Errorf("got %s with %v, want 429 with Retry-After", response.Status, response.Header)
			}
			var status metav1.Status
			if err := json.Unmarshal([]byte(text), &status); err != nil || status.Reason != metav1.StatusReasonTooManyRequests ||
				!strings.Contains(status.Message, "too many requests; at most 512 are allowed at once") {
				t.Errorf("got %s, error %v, want a Status that says it", text, err)
			}
			counter := hook.gate.metrics.admissions.WithLabelValues(string(outcomeError), string(reasonTooMany))
			if got := testutil.ToFloat64(counter); got != 1 {
				t.Errorf("counted %v, want 1", got)
			}
			c.free(hook)
			if got := exchange(t, connection, len(c.review), c.review); !strings.Contains(got, `"allowed":true`) {
				t.Errorf("answer %s, want allowed", got)
			}
		})
	}
}
