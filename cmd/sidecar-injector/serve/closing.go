package serve

import (
	"net/http"
	"sync/atomic"

	"github.com/sidecar-injector/sidecar-injector/certs"
)

// closing registers hooks at a server that, once stopping is true, answer as before and end the connection behind the
// answer, with "Connection: close". An API server goes on to use a connection that it has,
// also when the Service leads to this replica no more (https://github.com/kubernetes/kubernetes/issues/127335).
type closing struct {
	server   *http.ServeMux
	stopping *atomic.Bool
	clients  *certs.ClientCA // who is answered; nil: everybody
}

// Register registers a hook at a path.
func (c closing) Register(path string, hook http.Handler) {
	if c.clients != nil {
		hook = c.clients.Require(hook)
	}
	c.server.Handle(path, closingHook(hook, c.stopping))
}

func closingHook(hook http.Handler, stopping *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		hook.ServeHTTP(w, r)
	})
}
