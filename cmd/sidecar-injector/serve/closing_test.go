package serve

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// A client keeps its connection until the server is stopping. From then on it gets its answers still, each over a new
// connection, which may lead to another replica.
func TestConnectionsAreClosedWhileStopping(t *testing.T) {
	var stopping atomic.Bool
	server := httptest.NewTLSServer(closingHook(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RemoteAddr)
	}), &stopping))
	defer server.Close()
	ask := func() string {
		t.Helper()
		response, err := server.Client().Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		from, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(from)
	}
	first := ask()
	if second := ask(); second != first {
		t.Errorf("while it serves: the second request came from %s, the first from %s, want one connection", second, first)
	}
	stopping.Store(true)
	last := ask() // over the connection that there is
	for range 3 {
		next := ask()
		if next == last {
			t.Errorf("while it stops: two requests came over the connection from %s", next)
		}
		last = next
	}
}
