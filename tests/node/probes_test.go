//go:build linux

package node_test

import (
	"net"
	"testing"
)

// TestTCPProbes has the kubelet probe by TCP a port that is captured: connections to it go through the proxy, those of the
// kubelet past it, so the pod is not ready while nobody listens.
func TestTCPProbes(t *testing.T) {
	for name, annotation := range map[string]string{
		"REDIRECT":         `sidecar.istio.io/interceptionMode: REDIRECT`,
		"TPROXY":           `sidecar.istio.io/interceptionMode: TPROXY`,
		"ordinary sidecar": `sidecar.istio.io/nativeSidecar: "false"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSpace(t, nil)
			s.apply(podWith(annotation, `
    startupProbe: {periodSeconds: 1, failureThreshold: 30, tcpSocket: {port: 83}}
    readinessProbe: {periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 2, tcpSocket: {port: 83}}
`))
			s.apply(clientPod)
			server := &s.pods("server", 1)[0]
			s.pods("client", 1)
			connections := func() float64 {
				return s.metric(server, "envoy_cluster_upstream_cx_total", `envoy_cluster_name="inbound"`)
			}
			if got := connections(); got != 0 {
				t.Errorf("%v connections of the probes went through the proxy", got)
			}
			s.get("client", "http://"+net.JoinHostPort(server.Status.PodIP, "83")+"/")
			got := connections()
			if got == 0 {
				t.Error("a client's connection to the probed port went past the proxy")
			}
			s.get("server", "http://localhost/break")
			s.waitReady("server", false)
			s.get("server", "http://localhost/repair")
			s.waitReady("server", true)
			s.saw("TCP probe of a captured port, %s: ready, not ready while nobody listens, ready again; %v connections of a client through the proxy", name, got)
		})
	}
}
