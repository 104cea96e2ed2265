//go:build linux

package envoy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// patience bounds what never takes that long unless it never ends.
const patience = 20 * time.Second

// sidecar is a pod in a world with its rules and its proxy, as the kubelet would start them.
type sidecar struct {
	*world.World
	output *bytes.Buffer // of the proxy; read it after stop
	stop   func()
}

// start injects the pod with the values, both in YAML, and runs its init container and its proxy in a new world until the
// test ends.
func start(t *testing.T, values, pod string) *sidecar {
	t.Helper()
	if err := ready(); err != nil {
		t.Skipf("NO ENVOY: %v", err)
	}
	injected := inject(t, values, pod)
	s := &sidecar{World: world.New(t, world.Interfaces{}), output: &bytes.Buffer{}}
	if got := s.Pod.Run(t, nil, programs.redirect, argumentsOf(t, injected, "sidecar-init")...); got.Code != 0 {
		t.Fatalf("traffic-redirect: exit code %d: %s", got.Code, got.Stderr)
	}
	proxy := exec.Command(programs.envoy, expanded(t, injected)...)
	proxy.Env, proxy.Dir = []string{}, "/"
	proxy.Stdout, proxy.Stderr = s.output, s.output
	owner := world.ProxyOwner
	proxy.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(owner.UID), Gid: uint32(owner.GID)}}
	if err := s.Pod.Do(world.Root, proxy.Start); err != nil {
		t.Fatal(err)
	}
	stopped := false
	s.stop = func() {
		if !stopped {
			stopped = true
			_ = proxy.Process.Signal(os.Interrupt)
			_ = proxy.Wait()
		}
	}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("the proxy wrote:\n%s", s.output)
		}
	})
	deadline := time.Now().Add(patience)
	for {
		if status, _, err := s.get(s.Peer, at("pod", 0, 15021), "/healthz/ready", nil); err == nil && status == http.StatusOK {
			return s
		} else if time.Now().After(deadline) {
			t.Fatalf("the proxy is not ready: status %d, %v", status, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// expanded returns the proxy's arguments with its variables, of which it has one, as the kubelet would put it in.
func expanded(t *testing.T, pod templates.Pod) []string {
	t.Helper()
	arguments := argumentsOf(t, pod, "sidecar-proxy")
	for i := range arguments {
		arguments[i] = strings.ReplaceAll(arguments[i], "$(SIDECAR_CPU_LIMIT)", "2")
	}
	return arguments
}

// at returns an address of a place.
func at(place string, family, port int) netip.AddrPort {
	return netip.AddrPortFrom(world.Address(place, family), uint16(port))
}

// get asks over HTTP, as the application's user of a namespace, over a connection of its own.
func (s *sidecar) get(from *world.Namespace, to netip.AddrPort, path string, header http.Header) (int, string, error) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (connection net.Conn, err error) {
			err = from.Do(world.Application, func() error {
				connection, err = (&net.Dialer{}).DialContext(ctx, network, address)
				return err
			})
			return connection, err
		}}}
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://%s%s", to, path), nil)
	if err != nil {
		return 0, "", err
	}
	for key, values := range header {
		request.Header[key] = values
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// serveHTTP serves on a port of all addresses of a namespace until the test ends, as the application's user.
func (s *sidecar) serveHTTP(t *testing.T, in *world.Namespace, port int, handler http.HandlerFunc) {
	t.Helper()
	var listener net.Listener
	err := in.Do(world.Application, func() (err error) {
		listener, err = net.Listen("tcp", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}
