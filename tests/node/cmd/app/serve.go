package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// The servers' ports. All say by their own means whether the application is broken.
const (
	httpPort  = ":80"
	httpsPort = ":81"
	grpcPort  = ":82"
	tcpPort   = ":83" // nobody listens there while it is broken
)

// server is the application. On HTTP it answers
//
//	GET /          200: who answers, to which address, with which request id
//	GET /flaky     503 the first time that a request id is asked with, then 200
//	GET /big       200 with 8 MiB
//	GET /healthz   200, or 503 while it is broken
//	GET /break     200; it is broken from now on
//	GET /repair    200; it is not any more
//
// and any other path as the first. Each request to another path is a line of its log.
// While it is broken, all of them but the last two are answered with 503.
type server struct {
	host   string
	health *health.Server

	mu     sync.Mutex
	seen   map[string]bool // request ids
	broken bool
	tcp    net.Listener // nil while it is broken
}

// serve answers until ctx ends, and then what is under way.
func serve(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	s := &server{host: host, health: health.NewServer(), seen: map[string]bool{}}
	if err := s.set(false); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", s.hello)
	mux.HandleFunc("GET /flaky", s.flaky)
	mux.HandleFunc("GET /big", s.big)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /break", s.change(true))
	mux.HandleFunc("GET /repair", s.change(false))

	secure := httptest.NewUnstartedServer(mux) // it brings a certificate
	_ = secure.Listener.Close()
	if secure.Listener, err = net.Listen("tcp", httpsPort); err != nil {
		return err
	}
	secure.StartTLS()
	grpcListener, err := net.Listen("tcp", grpcPort)
	if err != nil {
		return err
	}
	grpcServer := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(grpcServer, s.health)
	plain := &http.Server{Addr: httpPort, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 2)
	go func() { ended <- grpcServer.Serve(grpcListener) }()
	go func() { ended <- plain.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return plain.Shutdown(last)
	}
}

func (s *server) hello(w http.ResponseWriter, r *http.Request) {
	if s.isBroken() {
		http.Error(w, "broken", http.StatusServiceUnavailable)
		return
	}
	text := fmt.Sprintf("pod=%s client=%s request-id=%s", s.host, r.RemoteAddr, r.Header.Get("X-Request-Id"))
	if r.URL.Path != "/" {
		fmt.Printf("path=%s %s\n", r.URL.Path, text)
	}
	fmt.Fprintln(w, text)
}

func (s *server) flaky(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("X-Request-Id")
	s.mu.Lock()
	again := s.seen[id]
	s.seen[id] = true
	s.mu.Unlock()
	if !again {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	s.hello(w, r)
}

func (s *server) big(w http.ResponseWriter, _ *http.Request) {
	part := make([]byte, 64<<10)
	for range 8 << 20 / len(part) {
		if _, err := w.Write(part); err != nil {
			return // the client has gone
		}
	}
}

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	if s.isBroken() {
		http.Error(w, "broken", http.StatusServiceUnavailable)
	}
}

func (s *server) isBroken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *server) change(broken bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := s.set(broken); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// set has all servers say so.
func (s *server) set(broken bool) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
	status := grpc_health_v1.HealthCheckResponse_SERVING
	if broken {
		status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	s.health.SetServingStatus("", status)
	if broken && s.tcp != nil {
		err = s.tcp.Close()
		s.tcp = nil
	}
	if !broken && s.tcp == nil {
		if s.tcp, err = net.Listen("tcp", tcpPort); err == nil {
			go accept(s.tcp)
		}
	}
	return err
}

// accept ends each connection at once.
func accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_ = connection.Close()
		}
	}
}
