package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"

	"go.uber.org/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// newDebugServer listens on a loopback address and returns the server of profiles and of the log level, to be run by a
// manager. A heap holds the key of the serving pair: nobody but who may enter the pod's network shall get one.
func newDebugServer(address string, level zap.AtomicLevel) (*manager.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for --debug-bind-address: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/log-level", level.ServeHTTP)
	mux.HandleFunc("PUT /debug/log-level", level.ServeHTTP) // what is no level is answered with 400
	return plainServer("debug", listener, mux), nil
}

// checkLoopback returns what is wrong with an address that is to be reached from the machine, or the pod, itself alone.
func checkLoopback(address string) error {
	host, _, err := splitAddress(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%q is no address of loopback, want one such as 127.0.0.1:6060", address)
	}
	return nil
}
