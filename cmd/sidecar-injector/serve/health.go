package serve

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// readinessCheck is one thing that serving needs.
type readinessCheck struct {
	name string
	// check returns, for people, what is missing; nil when nothing is. It may be
	// called concurrently and never blocks for long.
	check func() error
}

// newHealthServer listens on the address and returns the server of /healthz and
// /readyz, to be run by a manager. notices returns what is to be told without being
// a reason not to be ready; nil: nothing.
func newHealthServer(address string, checks []readinessCheck, notices func() []string) (*manager.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for health probes: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /readyz", readyz(checks, notices))
	return plainServer("health", listener, mux), nil
}

// plainServer is a server of HTTP without TLS, to be run by a manager, that a slow client cannot hold.
func plainServer(name string, listener net.Listener, handler http.Handler) *manager.Server {
	timeout := time.Second
	return &manager.Server{
		Name:            name,
		Listener:        listener,
		Server:          &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 90 * time.Second},
		ShutdownTimeout: &timeout,
	}
}

// readyz answers 200 if every check passes, else 503 with one line for each that
// does not. With the query "verbose" it lists them all. The notices follow.
func readyz(checks []readinessCheck, notices func() []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var failed, all strings.Builder
		for _, c := range checks {
			if err := c.check(); err != nil {
				fmt.Fprintf(&failed, "%s: %s\n", c.name, oneLine(err.Error()))
				fmt.Fprintf(&all, "[-] %s: %s\n", c.name, oneLine(err.Error()))
			} else {
				fmt.Fprintf(&all, "[+] %s: ok\n", c.name)
			}
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		body := "ok\n"
		if failed.Len() > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			body = "not ready\n" + failed.String()
		}
		if r.URL.Query().Has("verbose") {
			body = all.String()
		}
		fmt.Fprint(w, body)
		if notices == nil {
			return
		}
		for _, notice := range notices() {
			fmt.Fprintf(w, "[!] %s\n", oneLine(notice))
		}
	})
}

// oneLine returns the text with its line breaks folded.
func oneLine(text string) string {
	return strings.ReplaceAll(text, "\n", "; ")
}
