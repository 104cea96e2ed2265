//go:build linux

package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestReplicaKilled kills the application of one of two replicas under load.
func TestReplicaKilled(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad(servers)
	const count = 300
	seen := s.during(count, func() {
		s.kill(&pods[0], appCommand)
	})
	with, without := failed(seen["client"]), failed(seen["plain"])
	if with > 0 && with >= without {
		t.Errorf("lost with a sidecar at the client %d, without %d of %d", with, without, count)
	}
	s.saw("the application of one of two replicas killed: of %d requests lost %d with a sidecar at the client, %d without", count, with, without)
}

// TestReplicaBroken has one of two replicas answer 503.
func TestReplicaBroken(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad(strings.Replace(servers, "readinessProbe: {tcpSocket: {port: 83}, periodSeconds: 1}", "", 1))
	s.get("client", "http://"+pods[0].Status.PodIP+"/break")
	const count = 200
	seen := s.during(count, func() {})
	with, without := failed(seen["client"]), failed(seen["plain"])
	if without < count/4 {
		t.Errorf("without a sidecar %d of %d failed, want about half", without, count)
	}
	if with >= without {
		t.Errorf("with a sidecar at the client %d of %d failed, without %d", with, count, without)
	}
	s.saw("one of two replicas answers 503: of %d requests failed %d with a sidecar at the client, %d without", count, with, without)
}

// TestRollingUpdate replaces the application's pods under load: a client with a sidecar
// does not see it.
func TestRollingUpdate(t *testing.T) {
	s := newSpace(t, nil)
	s.prepareLoad(servers)
	seen := s.during(600, func() {
		s.kubectl("", "rollout", "restart", "deployment/server")
		s.kubectl("", "rollout", "status", "deployment/server", "--timeout=60s")
	})
	if lost := failed(seen["client"]); lost > 0 {
		t.Errorf("a client with a sidecar lost %d of 600 requests: %v", lost, seen["client"])
	}
	s.saw("rolling update of the application: of 600 requests lost %d with a sidecar at the client, %d without", failed(seen["client"]), failed(seen["plain"]))
}

// TestInjectorRollingUpdate replaces the injectors while pods are created all the time:
// each is created, with its sidecar.
func TestInjectorRollingUpdate(t *testing.T) {
	s := newSpace(t, nil)
	updated := make(chan error, 1)
	go func() {
		_, _, err := shared.Kubectl(t.Context(), "", "--namespace="+cluster.Release, "rollout", "restart", "deployment/"+cluster.Release)
		if err == nil {
			_, _, err = shared.Kubectl(t.Context(), "", "--namespace="+cluster.Release, "rollout", "status", "deployment/"+cluster.Release, "--timeout=2m")
		}
		updated <- err
	}()
	created, refused, bare := 0, 0, 0
	for done := false; !done; {
		select {
		case err := <-updated:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		case <-time.After(10 * time.Millisecond):
		}
		created++
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "created-", Annotations: map[string]string{"sidecar.istio.io/inject": "true"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "localhost/application:1"}}},
		}
		pod, err := shared.Client.CoreV1().Pods(s.name).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case err != nil:
			refused++
			t.Errorf("create a pod: %v", err)
		case len(pod.Spec.InitContainers) != 2:
			bare++
			t.Errorf("a pod was created without its sidecar")
		}
	}
	s.saw("rolling update of the injectors: of %d pods created all the time %d were refused, %d got no sidecar", created, refused, bare)
}

// TestProxyKilled kills the proxy of a running pod: the kubelet starts it again, and the
// application goes on.
func TestProxyKilled(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad(servers)
	seen := s.during(300, func() { s.kill(&pods[0], proxyCommand) })
	s.answers(s.restarted(&pods[0]))
	s.undisturbed(&pods[1])
	s.lost(seen, 300)
	s.saw("a proxy of two killed: the kubelet restarted it alone; of 300 requests lost %d with a sidecar at the client, %d without", failed(seen["client"]), failed(seen["plain"]))
}

// TestChangedImage changes the image of a native sidecar in a running pod.
func TestChangedImage(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad(servers)
	at, old := -1, ""
	for i, container := range pods[0].Spec.InitContainers {
		if container.Name == "sidecar-proxy" {
			at, old = i, container.Image
		}
	}
	if at < 0 {
		t.Fatal("the pod has no native sidecar")
	}
	image := "localhost/envoy:changed"
	if err := shared.TagImage(t.Context(), old, image); err != nil {
		t.Fatal(err)
	}
	seen := s.during(300, func() {
		patch := fmt.Sprintf(`[{"op": "replace", "path": "/spec/initContainers/%d/image", "value": %q}]`, at, image)
		s.kubectl("", "patch", "pod", pods[0].Name, "--type=json", "--patch="+patch)
	})
	s.answers(s.restarted(&pods[0]))
	s.undisturbed(&pods[1])
	s.lost(seen, 300)
	s.saw("the sidecar's image changed in one of two pods: the sidecar alone restarted; of 300 requests lost %d with a sidecar at the client, %d without",
		failed(seen["client"]), failed(seen["plain"]))
}
