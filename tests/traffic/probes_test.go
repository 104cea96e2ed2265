//go:build linux

package traffic_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// TestProbePorts shows that a connection to a probe's port succeeds where one to the application's port would without a
// proxy, wherever the application listens, and fails where that would fail.
func TestProbePorts(t *testing.T) {
	for _, mode := range []string{"REDIRECT", "TPROXY"} {
		for name, family := range world.Families() {
			w := newScene(t)
			w.StartProxy(t, world.ProxyOwner, mode, world.Source(mode))
			for _, listens := range []string{"everywhere", "pod", "side-pod", "localhost", "nowhere"} {
				t.Run(mode+" "+name+" listens "+listens, func(t *testing.T) {
					w.listen(t, listens, family)
					for _, place := range []string{"pod", "side-pod"} {
						address := world.Address(place, family)
						w.apply(t, "-m", "NONE")
						_, without := w.Peer.Call(world.Root, netip.AddrPortFrom(address, 8080), world.Patience)
						if want := listens == "everywhere" || listens == place; (without == nil) != want {
							t.Fatalf("without a proxy the port 8080 of %s is open: %t, want %t (%v)", place, !want, want, without)
						}
						w.apply(t, "-i", "*", "-b", "*", "-m", mode, "--probe-ports", "15200:8080")
						answer, with := w.Peer.Call(world.Root, netip.AddrPortFrom(address, 15200), world.Patience)
						if (with == nil) != (without == nil) {
							t.Errorf("the probe's port of %s: answer %q, error %v, want as without a proxy: %v", place, answer, with, without)
						}
					}
					w.Log.Expect(t) // the proxy has seen nothing
				})
			}
		}
	}
}

// listen has the application answer on the port 8080 of a place, until the test ends.
func (w scene) listen(t *testing.T, place string, family int) {
	t.Helper()
	host := ""
	switch place {
	case "nowhere":
		return
	case "everywhere":
	default:
		host = world.Address(place, family).String()
	}
	var listener net.Listener
	err := w.Pod.Do(world.Application, func() (err error) {
		listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(host, "8080"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, "application\n")
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
}
