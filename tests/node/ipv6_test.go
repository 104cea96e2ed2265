//go:build linux

package node_test

import (
	"net"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestIPv6 gives pods addresses of both families, and calls one by a Service of both, by one of IPv6 alone, and by its own
// address: everything goes through both sidecars over either family.
func TestIPv6(t *testing.T) {
	for _, c := range []struct{ mode, annotation, families string }{
		{"REDIRECT", `sidecar.istio.io/interceptionMode: REDIRECT`, "ipFamilyPolicy: RequireDualStack"},
		{"TPROXY", `sidecar.istio.io/interceptionMode: TPROXY`, "ipFamilyPolicy: RequireDualStack"},
		{"IPv6 alone", `sidecar.istio.io/interceptionMode: REDIRECT`, "ipFamilies: [IPv6]"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			s := newSpace(t, nil)
			s.apply(podWith(c.annotation, ""))
			s.apply(clientPod)
			server, client := &s.pods("server", 1)[0], &s.pods("client", 1)[0]
			s.service("server", c.families)
			service, err := shared.Client.CoreV1().Services(s.name).Get(t.Context(), "server", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(server.Status.PodIPs) != 2 {
				t.Fatalf("the pod has the addresses %v, want one of each family", server.Status.PodIPs)
			}
			hosts := append([]string{"server", server.Status.PodIPs[1].IP}, service.Spec.ClusterIPs...)
			ids := map[string]string{}
			for _, host := range hosts {
				status, body := s.get("client", "http://"+net.JoinHostPort(host, "80")+"/")
				if ids[host] = field(body, "request-id"); status != 200 || ids[host] == "" {
					t.Fatalf("GET http://%s/: %d %q, want 200 with a request id", host, status, body)
				}
				from, _, _ := net.SplitHostPort(field(body, "client"))
				if want := source(c.mode, client, host, c.families); from != want {
					t.Errorf("GET http://%s/ came from %q, want %q", host, from, want)
				}
			}
			for host, id := range ids {
				for _, pod := range []string{"client", "server"} {
					if entries := s.accessLog(pod, id); len(entries) != 1 {
						t.Errorf("GET http://%s/: %d entries in the access log of pod %q, want 1", host, len(entries), pod)
					}
				}
			}
			s.saw("%s, Service at %v: requests to %v went through both sidecars", c.mode, service.Spec.ClusterIPs, hosts)
		})
	}
}

// source is where a request to a host comes from, as the application sees it.
func source(mode string, client *corev1.Pod, host, families string) string {
	ip := net.ParseIP(host)
	// A name is resolved to an address of the Service, of IPv4 where it has one.
	six := ip != nil && ip.To4() == nil || ip == nil && families == "ipFamilies: [IPv6]"
	switch {
	case mode == "TPROXY" && six:
		return client.Status.PodIPs[1].IP
	case mode == "TPROXY":
		return client.Status.PodIP
	case six:
		return "::6"
	}
	return "127.0.0.6"
}
