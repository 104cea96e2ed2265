//go:build linux

package world

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// How long calls wait.
const (
	// Patience bounds what never takes that long unless it never ends.
	Patience = 5 * time.Second
	// Briefly is how long a connection that must not be made is waited for. Those that are made take a millisecond.
	Briefly = 200 * time.Millisecond
)

// Serve takes TCP connections on the port, of all addresses of both families, until the test ends. The sockets belong to who,
// and control, if there is one, sees each listening one before it is bound.
func (n *Namespace) Serve(t *testing.T, who Owner, port int, control Control, handle func(*net.TCPConn)) {
	t.Helper()
	for _, network := range []string{"tcp4", "tcp6"} {
		var listener net.Listener
		err := n.Do(who, func() (err error) {
			config := net.ListenConfig{Control: control}
			listener, err = config.Listen(context.Background(), network, fmt.Sprintf(":%d", port))
			return err
		})
		if err != nil {
			t.Fatalf("listen in %q: %v", n.Name, err)
		}
		var connections sync.WaitGroup
		connections.Go(func() {
			// Accepted sockets belong to who too.
			_ = n.Do(who, func() error {
				for {
					connection, err := listener.Accept()
					if err != nil {
						return err
					}
					connections.Go(func() {
						defer func() { _ = connection.Close() }()
						handle(connection.(*net.TCPConn))
					})
				}
			})
		})
		t.Cleanup(func() {
			_ = listener.Close()
			connections.Wait()
		})
	}
}

// Control sets options of a socket before it is bound.
type Control func(network, address string, raw syscall.RawConn) error

// Answer takes connections on the port as name: it logs each, with the address that it came from and the one that it
// came to, and then answers with its name.
func (w *World) Answer(t *testing.T, n *Namespace, name string, ports ...int) {
	t.Helper()
	for _, port := range ports {
		n.Serve(t, Application, port, nil, func(connection *net.TCPConn) {
			w.Log.add("%s at %s from %s", name, local(connection), PlaceOf(remote(connection).Addr()))
			fmt.Fprintf(connection, "%s\n", name)
		})
	}
}

// local and remote return the connection's addresses, place:port and the bare one.
func local(connection net.Conn) string {
	return Placed(netip.MustParseAddrPort(connection.LocalAddr().String()))
}

func remote(connection net.Conn) netip.AddrPort {
	address := netip.MustParseAddrPort(connection.RemoteAddr().String())
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}

// Placed returns place:port.
func Placed(address netip.AddrPort) string {
	return fmt.Sprintf("%s:%d", PlaceOf(address.Addr().Unmap()), address.Port())
}

// Call connects as who, and returns the line that is answered.
func (n *Namespace) Call(who Owner, to netip.AddrPort, timeout time.Duration) (string, error) {
	var connection net.Conn
	err := n.Do(who, func() (err error) {
		connection, err = net.DialTimeout("tcp", to.String(), timeout)
		return err
	})
	if err != nil {
		return "", err
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(timeout))
	line, err := bufio.NewReader(connection).ReadString('\n')
	return strings.TrimSpace(line), err
}
