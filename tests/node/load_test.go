//go:build linux

package node_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
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

// serversWith are servers with more annotations.
func serversWith(annotations string) string {
	return strings.Replace(servers, `inject: "true"`, `inject: "true", `+annotations, 1)
}

// clients are an injected pod named client, and one named plain.
var clients = clientPod + "---\n" + strings.NewReplacer("name: client", "name: plain", "app: client", "app: plain", `inject: "true"`, `inject: "false"`).Replace(clientPod)

// prepareLoad starts two servers, and clients, and returns the former.
func (s *space) prepareLoad(servers string) []corev1.Pod {
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

// undisturbed fails where a pod is not as it was: the same, ready, and nothing of it restarted.
func (s *space) undisturbed(pod *corev1.Pod) {
	s.Helper()
	err := cluster.Eventually(s.Context(), time.Minute, func(ctx context.Context) error {
		now, err := shared.Client.CoreV1().Pods(s.name).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		restarts := int32(0)
		for _, status := range append(now.Status.InitContainerStatuses, now.Status.ContainerStatuses...) {
			restarts += status.RestartCount
		}
		if now.UID != pod.UID || restarts > 0 {
			s.Errorf("pod %q became %q, with %d restarts, want the same pod and none", pod.UID, now.UID, restarts)
		}
		if !isReady(now) {
			return errors.New("it is not ready")
		}
		return nil
	})
	if err != nil {
		s.Errorf("pod %q: %v", pod.Name, err)
	}
}

// answers has both clients call a pod by its address.
func (s *space) answers(pod *corev1.Pod) {
	s.Helper()
	for _, client := range []string{"client", "plain"} {
		if status, body := s.get(client, "http://"+pod.Status.PodIP+"/"); status != 200 {
			s.Errorf("GET / of pod %q from %q: %d %q, want 200", pod.Name, client, status, body)
		}
	}
}

// lost fails where a client with a sidecar lost a request of count: its proxy tries again on another connection, which may
// go to the other replica, and for longer than the kubelet needs to restart a proxy. Without a sidecar no more than the half
// may be lost that goes to the disturbed one of two replicas.
func (s *space) lost(seen map[string]map[string]int, count int) {
	s.Helper()
	if with := failed(seen["client"]); with > 0 {
		s.Errorf("a client with a sidecar lost %d of %d requests: %v", with, count, seen["client"])
	}
	if without := failed(seen["plain"]); without > count/2 {
		s.Errorf("a client without a sidecar lost %d of %d requests: %v", without, count, seen["plain"])
	}
}
