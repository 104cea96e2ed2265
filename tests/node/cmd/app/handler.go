package main

import (
	"fmt"
	"net/http"
	"os"
	"sync"
)

// handler answers requests:
//
//	GET /            200: who answers, to which address, with which request id
//	GET /flaky       503 the first time that a request id is asked with, then 200
type handler struct {
	host string

	mu   sync.Mutex
	seen map[string]bool
}

func newHandler() http.Handler {
	host, err := os.Hostname()
	if err != nil {
		host = err.Error()
	}
	h := &handler{host: host, seen: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.hello)
	mux.HandleFunc("GET /flaky", h.flaky)
	return mux
}

func (h *handler) hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "pod=%s client=%s request-id=%s\n", h.host, r.RemoteAddr, r.Header.Get("X-Request-Id"))
}

func (h *handler) flaky(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Request-Id")
	h.mu.Lock()
	again := h.seen[id]
	h.seen[id] = true
	h.mu.Unlock()
	if !again {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	h.hello(w, r)
}
