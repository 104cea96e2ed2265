package certificates

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// forwarded is one connection to a port of a pod, through the API server and the
// pod's kubelet: what `kubectl port-forward` opens for each connection to its
// local port, which is left out here. It is a net.Conn with no deadlines.
type forwarded struct {
	httpstream.Stream
	connection httpstream.Connection
	// refused gets what the other end says went wrong; empty: nothing.
	refused chan string
}

// forward opens a connection to the replica's pod.
func (i *Injector) forward(ctx context.Context, r replica) (*forwarded, error) {
	dialer, err := i.dialer(r)
	if err != nil {
		return nil, fmt.Errorf("forward to pod %q: %w", name(r.pod), err)
	}
	connection, err := dial(ctx, dialer)
	if err != nil {
		return nil, fmt.Errorf("forward to pod %q: %w", name(r.pod), err)
	}
	opened, err := openStreams(connection, r.port)
	if err != nil {
		_ = connection.Close()
		return nil, fmt.Errorf("forward to pod %q: %w", name(r.pod), err)
	}
	return opened, nil
}

// dialer tries a websocket first, and SPDY with API servers and proxies that know
// no websockets.
func (i *Injector) dialer(r replica) (httpstream.Dialer, error) {
	config := rest.CopyConfig(i.options.Config)
	config.GroupVersion, config.APIPath = &corev1.SchemeGroupVersion, "/api"
	server, path, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	target := server.JoinPath(path, "namespaces", r.pod.Namespace, "pods", r.pod.Name, "portforward")
	websocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(target, i.options.Config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(i.options.Config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, target)
	return portforward.NewFallbackDialerForStreaming(websocket, plain, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// dial dials, or gives up when ctx ends: the dialer knows no context.
func dial(ctx context.Context, dialer httpstream.Dialer) (httpstream.Connection, error) {
	type result struct {
		connection httpstream.Connection
		err        error
	}
	dialled := make(chan result, 1)
	go func() {
		connection, protocol, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		if err == nil && protocol != portforward.PortForwardProtocolV1Name {
			_ = connection.Close()
			err = fmt.Errorf("the API server speaks %q, want %q", protocol, portforward.PortForwardProtocolV1Name)
		}
		dialled <- result{connection, err}
	}()
	select {
	case r := <-dialled:
		return r.connection, r.err
	case <-ctx.Done():
		go func() {
			if r := <-dialled; r.err == nil {
				_ = r.connection.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// openStreams opens the pair of streams that makes one connection: one for what
// goes wrong, one for the bytes.
func openStreams(connection httpstream.Connection, port int32) (*forwarded, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, strconv.Itoa(int(port)))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	problems, err := connection.CreateStream(headers)
	if err != nil {
		return nil, fmt.Errorf("open the stream of errors: %w", err)
	}
	// Nothing is written to it.
	_ = problems.Close()
	refused := make(chan string, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(problems, 4096))
		if err != nil {
			text = nil
		}
		refused <- strings.TrimSpace(string(text))
	}()
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		return nil, fmt.Errorf("open the stream of data: %w", err)
	}
	return &forwarded{Stream: data, connection: connection, refused: refused}, nil
}

// why returns what the other end says went wrong, else err.
func (f *forwarded) why(ctx context.Context, err error) error {
	// The other end closes the stream of errors once that of data is gone.
	_ = f.Reset()
	select {
	case refused := <-f.refused:
		if refused != "" {
			return errors.New(refused)
		}
	case <-ctx.Done():
	}
	return err
}

// end closes the whole connection to the API server.
func (f *forwarded) end() { _ = f.connection.Close() }

// The rest of net.Conn, which TLS wants. Its handshake ends a connection by Close
// when its context does, so deadlines are not missed.

func (f *forwarded) LocalAddr() net.Addr              { return forwardedAddr{} }
func (f *forwarded) RemoteAddr() net.Addr             { return forwardedAddr{} }
func (f *forwarded) SetDeadline(time.Time) error      { return nil }
func (f *forwarded) SetReadDeadline(time.Time) error  { return nil }
func (f *forwarded) SetWriteDeadline(time.Time) error { return nil }

// Close ends it at once, whoever reads from it. It may be called again.
func (f *forwarded) Close() error { return f.Reset() }

type forwardedAddr struct{}

func (forwardedAddr) Network() string { return "portforward" }
func (forwardedAddr) String() string  { return "portforward" }
