//go:build linux

package node_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clientPod is an injected pod whose application does nothing by itself.
const clientPod = `
apiVersion: v1
kind: Pod
metadata:
  name: client
  labels: {app: client}
  annotations: {sidecar.istio.io/inject: "true"}
spec:
  containers:
  - name: app
    image: localhost/application:1
    imagePullPolicy: Never
    args: [pause]
`

// TestExample runs the example as it stands, with a client: a request goes through
// both sidecars, both log it with one id, and both count it.
func TestExample(t *testing.T) {
	s := newSpace(t, nil)
	s.kubectl("", "apply", "--filename="+filepath.Join(shared.Repository, "examples", "myapp.yaml"))
	s.apply(clientPod)
	servers, client := s.pods("myapp", 2), &s.pods("client", 1)[0]
	s.service("myapp")

	status, body := s.get(client.Name, "http://myapp/")
	id, answered := field(body, "request-id"), field(body, "pod")
	if status != 200 || id == "" {
		t.Fatalf("GET http://myapp/: %d %q, want 200 with a request id", status, body)
	}
	for i := range servers {
		if servers[i].Name != answered {
			continue
		}
		for _, side := range []struct{ pod, direction string }{{client.Name, "outbound"}, {answered, "inbound"}} {
			entries := s.accessLog(side.pod, id)
			got := map[string]any{}
			for _, name := range []string{"direction", "method", "authority", "path", "status"} {
				got[name] = entries[0][name]
			}
			want := map[string]any{"direction": side.direction, "method": "GET", "authority": "myapp", "path": "/", "status": float64(200)}
			if diff := cmp.Diff(want, got); diff != "" || len(entries) != 1 {
				t.Errorf("access log of pod %q: %d entries for the request, want 1 (-want +got):\n%s", side.pod, len(entries), diff)
			}
		}
		out := s.metric(client, "envoy_cluster_upstream_rq_total", `envoy_cluster_name="outbound"`)
		in := s.metric(&servers[i], "envoy_cluster_upstream_rq_total", `envoy_cluster_name="inbound"`)
		if out != 1 || in != 1 {
			t.Errorf("requests counted: %v out of the client, %v into the server, want 1 and 1", out, in)
		}
		s.saw("GET http://myapp/ from an injected pod: %d by %s; both access logs have request id %s; counted %v out, %v in", status, answered, id, out, in)
		return
	}
	t.Errorf("the answer came from %q, which is none of the example's pods", answered)
}

// TestRetry answers a request with 503 once: the client's sidecar tries again.
func TestRetry(t *testing.T) {
	s := newSpace(t, nil)
	s.kubectl("", "apply", "--filename="+filepath.Join(shared.Repository, "examples", "myapp.yaml"))
	s.kubectl("", "scale", "deployment", "myapp", "--replicas=1")
	s.apply(clientPod)
	s.pods("myapp", 1)
	client := &s.pods("client", 1)[0]
	s.service("myapp")
	status, body := s.get(client.Name, "http://myapp/flaky")
	if status != 200 {
		t.Fatalf("GET /flaky: %d %q, want 200", status, body)
	}
	entries := s.accessLog(client.Name, field(body, "request-id"))
	if entries[0]["attempts"] != float64(2) {
		t.Errorf("the client's sidecar made %v attempts, want 2", entries[0]["attempts"])
	}
	s.saw("a 503 is tried again: the application saw %d, its sidecar made %v attempts", status, entries[0]["attempts"])
}
