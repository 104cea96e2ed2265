//go:build linux

package world

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// AnswerUDP answers packets for one address and port as name, and logs them, until the test ends. The socket belongs to
// who.
func (w *World) AnswerUDP(t *testing.T, n *Namespace, who Owner, name string, to netip.Addr, port int) {
	t.Helper()
	var socket *net.UDPConn
	err := n.Do(who, func() (err error) {
		socket, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, uint16(port))))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 512)
		for {
			_, from, err := socket.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			w.Log.add("%s at udp %s", name, Placed(netip.AddrPortFrom(to, uint16(port))))
			_, _ = socket.WriteToUDPAddrPort([]byte(name), from)
		}
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-ended
	})
}

// Send sends one packet as who, from the port, and waits for an answer from where it went. Port 0 is any.
func (n *Namespace) Send(who Owner, port int, to netip.AddrPort) error {
	return n.Do(who, func() error {
		local := &net.UDPAddr{Port: port}
		socket, err := net.DialUDP("udp", local, net.UDPAddrFromAddrPort(to))
		if err != nil {
			return err
		}
		defer func() { _ = socket.Close() }()
		_ = socket.SetDeadline(time.Now().Add(Patience))
		if _, err := socket.Write([]byte("query")); err != nil {
			return err
		}
		if _, err := socket.Read(make([]byte, 512)); err != nil {
			return fmt.Errorf("read answer of %s: %w", Placed(to), err)
		}
		return nil
	})
}
