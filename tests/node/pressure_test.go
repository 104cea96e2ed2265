//go:build linux

package node_test

import (
	"testing"
)

// TestProxyOutOfMemory has clients ask one of two replicas for more than they read, until its proxy, which keeps what they
// have not read yet, has more memory than its limit: the kernel kills the proxy alone, and the kubelet starts it again.
func TestProxyOutOfMemory(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad(serversWith(`sidecar.istio.io/proxyMemory: 64Mi, sidecar.istio.io/proxyMemoryLimit: 96Mi`))
	seen := s.during(400, func() {
		s.kubectl("", "exec", "plain", "--container=app", "--", "/app", "stall", "http://"+pods[0].Status.PodIP+"/big", "200", "5s")
	})
	pod := s.restarted(&pods[0])
	reason := ""
	for _, status := range pod.Status.InitContainerStatuses {
		if ended := status.LastTerminationState.Terminated; status.Name == "sidecar-proxy" && ended != nil {
			reason = ended.Reason
		}
	}
	if reason != "OOMKilled" {
		t.Errorf("the proxy ended as %q, want OOMKilled", reason)
	}
	s.undisturbed(&pods[1])
	s.answers(pod)
	s.lost(seen, 400)
	s.saw("a proxy of two out of memory: %s, the kubelet restarted it alone; of 400 requests lost %d with a sidecar at the client, %d without",
		reason, failed(seen["client"]), failed(seen["plain"]))
}

// TestProxyThrottled asks one of two replicas for more than its proxy has CPU time for: everything waits, nothing fails,
// and afterwards it is as before.
func TestProxyThrottled(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad(serversWith(`sidecar.istio.io/proxyCPU: 10m, sidecar.istio.io/proxyCPULimit: 50m`))
	before := s.throttled(&pods[0])
	var bench string
	seen := s.during(300, func() {
		bench = s.kubectl("", "exec", "plain", "--container=app", "--", "/app", "bench", "http://"+pods[0].Status.PodIP+"/", "32", "5s")
	})
	periods := s.throttled(&pods[0]) - before
	if periods == 0 {
		t.Error("the proxy was never throttled")
	}
	if field(bench, "failed") != "0" {
		t.Errorf("requests on 32 connections to a throttled proxy: %s, want none to fail", bench)
	}
	for i := range pods {
		s.undisturbed(&pods[i])
		s.answers(&pods[i])
	}
	with, without := failed(seen["client"]), failed(seen["plain"])
	if with > 0 || without > 0 {
		t.Errorf("lost with a sidecar at the client and without: %v, want none", seen)
	}
	s.saw("a proxy of two throttled in %d periods of 0.1 s: of %s requests on 32 connections failed %s, of 300 others %d with a sidecar at the client, %d without; no restart",
		periods, field(bench, "requests"), field(bench, "failed"), with, without)
}
