package cluster_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// newForwardingNode makes a Node, until the end of the test, whose kubelet does
// nothing but to forward each connection to any port of its pods to the address.
func newForwardingNode(t *testing.T, name, address string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwardPort(r.Context(), w, r, address)
	}))
	t.Cleanup(server.Close)
	nodes := shared.Client.CoreV1().Nodes()
	node, err := nodes.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nodes.Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}) })
	listens := server.Listener.Addr().(*net.TCPAddr)
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: listens.IP.String()}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(listens.Port)
	node.ResourceVersion = "" // controllers write to it meanwhile
	if _, err := nodes.UpdateStatus(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// forwardPort is the kubelet's end of one port-forward with one connection in it.
func forwardPort(ctx context.Context, w http.ResponseWriter, r *http.Request, address string) {
	if _, err := httpstream.Handshake(r, w, []string{"portforward.k8s.io"}); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	streams := make(chan httpstream.Stream, 2)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, _ <-chan struct{}) error {
		streams <- stream
		return nil
	})
	if connection == nil {
		return
	}
	defer func() { _ = connection.Close() }()
	byType := map[string]httpstream.Stream{}
	for len(byType) < 2 {
		select {
		case stream := <-streams:
			byType[stream.Headers().Get(corev1.StreamType)] = stream
		case <-connection.CloseChan():
			return
		}
	}
	problems, data := byType[corev1.StreamTypeError], byType[corev1.StreamTypeData]
	target, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		_, _ = io.WriteString(problems, "the test's kubelet: "+err.Error())
		_ = problems.Close()
		_ = data.Close()
		<-connection.CloseChan()
		return
	}
	defer func() { _ = target.Close() }()
	go func() { _, _ = io.Copy(target, data) }()
	go func() {
		_, _ = io.Copy(data, target)
		_ = problems.Close()
	}()
	<-connection.CloseChan()
}
