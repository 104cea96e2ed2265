//go:build linux

package world

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ports of the proxy, and the mark of its transparent connections.
const (
	OutboundPort = 15001
	InboundPort  = 15006
	DNSPort      = 15053
	ProxyMark    = 1337
)

// StartProxy takes captured connections in the pod as who, logs each with its original destination, and passes it on to
// there: outbound ones as they are, but for those of the Service that the pod is behind; inbound ones from the
// Passthrough address or the client's. In mode TPROXY it listens for inbound ones transparently.
// What it cannot pass on has a line in the log too. A connection that comes back to it without end ends after loopEnd.
func (w *World) StartProxy(t *testing.T, who Owner, mode, from string) {
	t.Helper()
	w.Pod.Serve(t, who, OutboundPort, nil, func(connection *net.TCPConn) {
		w.pass(connection, who, "outbound", original, "")
	})
	destination, listen := original, Control(nil)
	if mode == "TPROXY" {
		destination, listen = untouched, option(unix.SOL_IP, unix.IP_TRANSPARENT, 1)
	}
	w.Pod.Serve(t, who, InboundPort, listen, func(connection *net.TCPConn) {
		w.pass(connection, who, "inbound", destination, from)
	})
}

// Addresses from which the proxy connects to the application.
const (
	Passthrough = "pass"
	Client      = "client"
)

// Source returns the one that proxies use in the mode REDIRECT, TPROXY or NONE.
func Source(mode string) string {
	if mode == "TPROXY" {
		return Client
	}
	return Passthrough
}

// loopEnd is the number of lines after which the proxy passes nothing on until the log is taken.
const loopEnd = 8

// pass logs a connection and joins it with one to its destination.
func (w *World) pass(in *net.TCPConn, who Owner, direction string,
	destination func(*net.TCPConn) (netip.AddrPort, error), from string,
) {
	to, err := destination(in)
	if err != nil {
		w.Log.add("proxy %s to an unknown destination: %v", direction, err)
		return
	}
	if w.Log.add("proxy %s to %s", direction, Placed(to)) > loopEnd {
		return
	}
	family := 0
	if to.Addr().Is6() {
		family = 1
	}
	if to.Addr() == Address("service", family) {
		to = netip.AddrPortFrom(Address("pod", family), to.Port())
	}
	// Less than callers wait, so that they see what is in the log.
	dialer := net.Dialer{Timeout: Patience / 2}
	switch from {
	case Passthrough:
		dialer.LocalAddr = &net.TCPAddr{IP: Address(Passthrough, family).AsSlice()}
	case Client:
		dialer.LocalAddr = &net.TCPAddr{IP: remote(in).Addr().AsSlice()}
		dialer.Control = both(option(unix.SOL_IP, unix.IP_TRANSPARENT, 1), option(unix.SOL_SOCKET, unix.SO_MARK, ProxyMark))
	}
	var out net.Conn
	err = w.Pod.Do(who, func() (err error) {
		out, err = dialer.DialContext(context.Background(), "tcp", to.String())
		return err
	})
	if err != nil {
		w.Log.add("proxy cannot pass on: %v", err)
		return
	}
	defer func() { _ = out.Close() }()
	if _, err := io.Copy(in, out); err != nil {
		w.Log.add("proxy cannot pass the answer on: %v", err)
	}
}

// untouched returns the destination of a connection that was not rewritten.
func untouched(connection *net.TCPConn) (netip.AddrPort, error) {
	return netip.ParseAddrPort(connection.LocalAddr().String())
}

// original asks the kernel for the destination that a connection had before it was redirected.
func original(connection *net.TCPConn) (netip.AddrPort, error) {
	level, option := unix.SOL_IP, unix.SO_ORIGINAL_DST
	if remote(connection).Addr().Is6() {
		// IP6T_SO_ORIGINAL_DST of linux/netfilter_ipv6/ip6_tables.h has the same number.
		level = unix.SOL_IPV6
	}
	raw, err := connection.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, err
	}
	var found unix.RawSockaddrInet6
	size := uint32(unix.SizeofSockaddrInet6)
	var errno syscall.Errno
	err = raw.Control(func(descriptor uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, descriptor, uintptr(level), uintptr(option),
			uintptr(unsafe.Pointer(&found)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err != nil {
		return netip.AddrPort{}, err
	}
	if errno != 0 {
		return netip.AddrPort{}, fmt.Errorf("getsockopt: %w", errno)
	}
	// The port, in network byte order, is at the same place for both families.
	port := found.Port<<8 | found.Port>>8
	if level == unix.SOL_IP {
		inet4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&found))
		return netip.AddrPortFrom(netip.AddrFrom4(inet4.Addr), port), nil
	}
	return netip.AddrPortFrom(netip.AddrFrom16(found.Addr), port), nil
}

// option returns a control that sets one option of a socket. IP_TRANSPARENT holds for IPv6 too.
func option(level, name, value int) Control {
	return func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(descriptor uintptr) { failed = unix.SetsockoptInt(int(descriptor), level, name, value) })
		if err != nil {
			return err
		}
		return failed
	}
}

func both(a, b Control) Control {
	return func(network, address string, raw syscall.RawConn) error {
		if err := a(network, address, raw); err != nil {
			return err
		}
		return b(network, address, raw)
	}
}
