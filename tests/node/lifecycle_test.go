//go:build linux

package node_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// plainServer is a server without a sidecar: a request that brings it an id went
// through its client's.
const plainServer = `
apiVersion: v1
kind: Pod
metadata:
  name: server
  labels: {app: server}
spec:
  containers:
  - name: app
    image: localhost/application:1
    imagePullPolicy: Never
    args: [serve]
`

// livePod calls the server before it does anything else and as the last thing that
// it does; an init container calls it too.
const livePod = `
apiVersion: v1
kind: Pod
metadata:
  name: live
  labels: {app: live}
  annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/nativeSidecar: %q}
spec:
  restartPolicy: Never
  initContainers:
  - name: prepare
    image: localhost/application:1
    imagePullPolicy: Never
    args: [check, http://server/init]
  containers:
  - name: app
    image: localhost/application:1
    imagePullPolicy: Never
    args: [live, http://server]
`

// TestBeginningAndEnd runs an application that needs the network from its first
// instruction to its last, with either kind of sidecar.
func TestBeginningAndEnd(t *testing.T) {
	for kind, c := range map[string]struct {
		native   string
		captured []string
	}{
		// The init container of the pod runs before an ordinary sidecar, and before the
		// rules are there that capture its traffic.
		"native":   {"true", []string{"/init", "/begin", "/end"}},
		"ordinary": {"false", []string{"/begin", "/end"}},
	} {
		t.Run(kind, func(t *testing.T) {
			s := newSpace(t, nil)
			s.apply(plainServer)
			s.pods("server", 1)
			s.service("server")
			s.apply(fmt.Sprintf(livePod, c.native))
			s.pods("live", 1)
			start := time.Now()
			s.kubectl("", "delete", "pod", "live", "--wait")
			took := time.Since(start)
			for _, path := range c.captured {
				if s.requestID("server", path) == "" {
					t.Errorf("the request to %s did not go through the sidecar", path)
				}
			}
			s.saw("%s sidecar: %s went through it; the pod ended in %.0f s", kind, strings.Join(c.captured, ", "), took.Seconds())
		})
	}
}

// requestID is the request id with which a server was asked for a path; without such
// a request the test ends.
func (s *space) requestID(pod, path string) string {
	s.Helper()
	log := s.kubectl("", "logs", pod, "--container=app")
	for line := range strings.Lines(log) {
		if field(line, "path") == path {
			return field(line, "request-id")
		}
	}
	s.Fatalf("nobody asked pod %q for %s; its log:\n%s", pod, path, log)
	return ""
}

// probe is a readiness probe by some means, on a port of the test application.
type probe struct{ name, port, text string }

// TestProbes has the kubelet probe an application through its sidecar, by all means:
// it is told when the application is broken, and when it works again.
func TestProbes(t *testing.T) {
	for _, p := range []probe{
		{"http", "80", "httpGet: {path: /healthz, port: probed}"},
		{"https", "81", "httpGet: {path: /healthz, port: probed, scheme: HTTPS}"},
		{"grpc", "82", "grpc: {port: 82}"},
		{"tcp", "83", "tcpSocket: {port: probed}"},
		{"exec", "80", "exec: {command: [/app, check, http://localhost/healthz]}"},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := newSpace(t, nil)
			s.apply(fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata:
  name: probed
  labels: {app: probed}
  annotations: {sidecar.istio.io/inject: "true"}
spec:
  containers:
  - name: app
    image: localhost/application:1
    imagePullPolicy: Never
    args: [serve]
    ports: [{name: probed, containerPort: %s}]
    startupProbe: {periodSeconds: 1, failureThreshold: 30, %s}
    readinessProbe: {periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 2, %s}
`, p.port, p.text, p.text))
			s.pods("probed", 1)
			s.get("probed", "http://localhost/break")
			s.waitReady("probed", false)
			s.get("probed", "http://localhost/repair")
			s.waitReady("probed", true)
			s.saw("%s probe: ready, not ready while the application is broken, ready again", p.name)
		})
	}
}

// waitReady waits until the container app of a pod is ready, or not.
func (s *space) waitReady(name string, want bool) {
	s.Helper()
	err := cluster.Eventually(s.Context(), time.Minute, func(ctx context.Context) error {
		pod, err := shared.Client.CoreV1().Pods(s.name).Get(ctx, name, metav1.GetOptions{})
		if err == nil && isReady(pod) != want {
			err = fmt.Errorf("ready is %v", !want)
		}
		return err
	})
	if err != nil {
		s.Errorf("wait until ready of pod %q is %v: %v", name, want, err)
	}
}
