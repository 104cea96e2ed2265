//go:build linux

package node_test

import (
	"net"
	"strings"
	"testing"
)

// podWith is an injected pod with the name and label server, with more annotations and
// more fields of its container.
func podWith(annotations, fields string) string {
	return `
apiVersion: v1
kind: Pod
metadata:
  name: server
  labels: {app: server}
  annotations: {sidecar.istio.io/inject: "true", ` + annotations + `}
spec:
  containers:
  - name: app
    image: localhost/application:1
    imagePullPolicy: Never
    args: [serve]
` + fields
}

// TestTPROXY shows the application its client's address.
func TestTPROXY(t *testing.T) {
	s := newSpace(t, nil)
	s.apply(podWith(`sidecar.istio.io/interceptionMode: TPROXY`, ""))
	s.apply(clientPod)
	client := s.pods("client", 1)[0]
	s.pods("server", 1)
	s.service("server")
	status, body := s.get("client", "http://server/")
	from, _, _ := net.SplitHostPort(field(body, "client"))
	if status != 200 || from != client.Status.PodIP {
		t.Errorf("GET http://server/: %d %q, want 200 and the client's address %s", status, body, client.Status.PodIP)
	}
	s.saw("TPROXY: the application sees its client at %s, the client's pod has %s", from, client.Status.PodIP)
}

// TestPodSecurity runs a pod without capture where Pod Security is restricted, and
// says in words why one with capture is refused where it is baseline.
func TestPodSecurity(t *testing.T) {
	t.Run("restricted", func(t *testing.T) {
		s := newSpace(t, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
		s.apply(podWith(`sidecar.istio.io/interceptionMode: NONE`, `
    securityContext:
      allowPrivilegeEscalation: false
      runAsNonRoot: true
      runAsUser: 1000
      capabilities: {drop: [ALL]}
      seccompProfile: {type: RuntimeDefault}
`))
		s.pods("server", 1)
		s.saw("NONE in a namespace at restricted: ready")
	})
	t.Run("baseline", func(t *testing.T) {
		s := newSpace(t, map[string]string{"pod-security.kubernetes.io/enforce": "baseline"})
		_, _, err := shared.Kubectl(t.Context(), podWith("", ""), "--namespace="+s.name, "apply", "--filename=-")
		if err == nil || !strings.Contains(err.Error(), `violates PodSecurity "baseline`) || !strings.Contains(err.Error(), "sidecar-init") {
			t.Fatalf("create a pod with capture: %v, want a refusal that names the init container", err)
		}
		said, _, _ := strings.Cut(err.Error(), "\n")
		s.saw("REDIRECT in a namespace at baseline: %s", said[strings.Index(said, "violates"):])
	})
}

// TestConcurrency has the CPU limit of the proxy decide on its threads.
func TestConcurrency(t *testing.T) {
	s := newSpace(t, nil)
	s.apply(podWith(`sidecar.istio.io/proxyCPULimit: "1"`, ""))
	one := s.pods("server", 1)
	s.apply(clientPod)
	two := s.pods("client", 1)
	first, second := s.metric(&one[0], "envoy_server_concurrency", ""), s.metric(&two[0], "envoy_server_concurrency", "")
	if first != 1 || second != 2 {
		t.Errorf("threads with a limit of 1 CPU and with that of the defaults: %v and %v, want 1 and 2", first, second)
	}
	s.saw("CPU limits of 1 and 2 make %v and %v threads", first, second)
}

// TestEphemeralContainer is captured as all of its pod is.
func TestEphemeralContainer(t *testing.T) {
	s := newSpace(t, nil)
	s.apply(plainServer)
	s.apply(clientPod)
	s.pods("server", 1)
	s.pods("client", 1)
	s.service("server")
	s.kubectl("", "debug", "client", "--quiet", "--image=localhost/application:1", "--image-pull-policy=Never",
		"--container=debug", "--attach=false", "--", "/app", "check", "http://server/debug")
	s.eventually("the ephemeral container's request", func() bool {
		return strings.Contains(s.kubectl("", "logs", "server"), "path=/debug ")
	})
	if s.requestID("server", "/debug") == "" {
		t.Error("the ephemeral container's request did not go through the sidecar")
	}
	s.saw("an ephemeral container's request went through the sidecar")
}

// TestOverride runs a pod that says itself how its sidecar shall be.
func TestOverride(t *testing.T) {
	s := newSpace(t, nil)
	s.apply(podWith("", `
  - name: sidecar-proxy
    image: auto
    resources: {limits: {cpu: "1", memory: 256Mi}}
`))
	pod := &s.pods("server", 1)[0]
	threads := s.metric(pod, "envoy_server_concurrency", "")
	if threads != 1 {
		t.Errorf("the sidecar has %v threads, want 1 for the pod's own limit", threads)
	}
	s.saw("a pod's own sidecar-proxy with a limit of 1 CPU: ready, %v thread", threads)
}
