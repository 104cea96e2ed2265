//go:build linux

package node_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// servers are two injected replicas, which go on for three seconds when they are told
// to end: so long Services may send them connections.
const servers = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec:
  replicas: 2
  selector: {matchLabels: {app: server}}
  template:
    metadata:
      labels: {app: server}
      annotations: {sidecar.istio.io/inject: "true"}
    spec:
      containers:
      - name: app
        image: localhost/application:1
        imagePullPolicy: Never
        args: [serve]
        readinessProbe: {tcpSocket: {port: 83}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 3}}}
`

// clients are an injected pod named client, and one named plain.
var clients = clientPod + "---\n" + strings.NewReplacer("name: client", "name: plain", "app: client", "app: plain", `inject: "true"`, `inject: "false"`).Replace(clientPod)

// prepareLoad starts servers and clients and returns the servers.
func (s *space) prepareLoad() []corev1.Pod {
	s.Helper()
	s.apply(servers)
	s.apply(clients)
	s.pods("client", 1)
	s.pods("plain", 1)
	pods := s.pods("server", 2)
	s.service("server")
	return pods
}

// during has both clients make count requests, and calls disturb soon after they have
// begun. It returns how many were answered with what, by client.
func (s *space) during(count int, disturb func()) map[string]map[string]int {
	s.Helper()
	result := map[string]map[string]int{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, client := range []string{"client", "plain"} {
		wait.Go(func() {
			text, _, err := shared.Kubectl(s.Context(), "", "--namespace="+s.name, "exec", client, "--container=app", "--",
				"/app", "load", "http://server/", strconv.Itoa(count), "20ms")
			if err != nil {
				s.Error(err)
			}
			counts := map[string]int{}
			for _, word := range strings.Fields(text) {
				status, n, _ := strings.Cut(word, "=")
				counts[status], _ = strconv.Atoi(n)
			}
			mu.Lock()
			result[client] = counts
			mu.Unlock()
		})
	}
	time.Sleep(time.Second)
	disturb()
	wait.Wait()
	return result
}

// failed says how many of the requests were not answered with 200.
func failed(counts map[string]int) int {
	sum := 0
	for status, n := range counts {
		if status != "200" {
			sum += n
		}
	}
	return sum
}

// TestReplicaKilled kills the application of one of two replicas under load.
func TestReplicaKilled(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad()
	const count = 300
	seen := s.during(count, func() {
		s.kill(&pods[0], "/app\x00serve")
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
	s.apply(strings.Replace(servers, "readinessProbe: {tcpSocket: {port: 83}, periodSeconds: 1}", "", 1))
	s.apply(clients)
	s.pods("client", 1)
	s.pods("plain", 1)
	pods := s.pods("server", 2)
	s.service("server")
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
	s.prepareLoad()
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
	pods := s.prepareLoad()
	seen := s.during(300, func() { s.kill(&pods[0], "/usr/local/bin/envoy") })
	pod := s.restarted(&pods[0])
	if status, body := s.get("client", "http://"+pod.Status.PodIP+"/"); status != 200 {
		t.Errorf("GET / after the proxy's restart: %d %q", status, body)
	}
	s.saw("a proxy of two killed: the kubelet restarted it alone; of 300 requests lost %d with a sidecar at the client, %d without", failed(seen["client"]), failed(seen["plain"]))
}

// TestChangedImage changes the image of a native sidecar in a running pod.
func TestChangedImage(t *testing.T) {
	s := newSpace(t, nil)
	pods := s.prepareLoad()
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
	s.restarted(&pods[0])
	s.saw("the sidecar's image changed in one of two pods: the sidecar alone restarted; of 300 requests lost %d with a sidecar at the client, %d without",
		failed(seen["client"]), failed(seen["plain"]))
}

// restarted waits until the proxy of a pod has been restarted once and the pod is ready
// again, and fails where anything else of it was restarted.
func (s *space) restarted(pod *corev1.Pod) *corev1.Pod {
	s.Helper()
	var now *corev1.Pod
	err := cluster.Eventually(s.Context(), time.Minute, func(ctx context.Context) (err error) {
		now, err = shared.Client.CoreV1().Pods(s.name).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, status := range now.Status.InitContainerStatuses {
			if status.Name == "sidecar-proxy" && status.RestartCount == 1 && isReady(now) {
				return nil
			}
		}
		return fmt.Errorf("the proxy was not restarted yet")
	})
	if err != nil {
		s.Fatalf("wait for the proxy of pod %q: %v", pod.Name, err)
	}
	if now.UID != pod.UID || now.Status.ContainerStatuses[0].RestartCount != 0 {
		s.Errorf("pod %q became %q, its application was restarted %d times, want the same pod and none", pod.UID, now.UID, now.Status.ContainerStatuses[0].RestartCount)
	}
	return now
}

// kill kills the process of a pod whose command line begins so, as the kernel would
// where memory is short.
func (s *space) kill(pod *corev1.Pod, command string) {
	s.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range names {
		folder := filepath.Dir(name)
		line, _ := os.ReadFile(name) // it may have ended
		groups, _ := os.ReadFile(filepath.Join(folder, "cgroup"))
		if !strings.HasPrefix(string(line), command) || !strings.Contains(string(groups), string(pod.UID)) {
			continue
		}
		id, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			s.Fatal(err)
		}
		if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
			s.Fatal(err)
		}
		return
	}
	s.Fatalf("%q does not run in pod %q", command, pod.Name)
}
