//go:build linux

package node_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// How long one measurement lasts, how often each is made, in turns, and how many pods are created.
var (
	priceTime   = flag.Duration("price-time", 5*time.Second, "how long one measurement of TestPrice lasts")
	priceRounds = flag.Int("price-rounds", 3, "how often TestPrice makes each measurement")
	pricePods   = flag.Int("price-pods", 10, "how many pods of a kind TestPrice creates")
)

// The load: so many connections that make requests as fast as they are answered, and one that leaves the machine time.
const (
	busyConnections = "16"
	calmRate        = "200"
)

// TestPrice prints what a sidecar costs on this machine. It asserts that requests succeed, and of no time how long it is.
func TestPrice(t *testing.T) {
	s := newSpace(t, nil)
	injected := podWith("", "")
	s.apply(injected + "---\n" + strings.NewReplacer("name: server", "name: bare", "app: server", "app: bare", `inject: "true"`, `inject: "false"`).Replace(injected))
	s.apply(clients)
	with, without := &s.pods("server", 1)[0], &s.pods("bare", 1)[0]
	for _, name := range []string{"client", "plain"} {
		s.pods(name, 1)
	}
	idle := s.resident(with)
	ways := []struct {
		name, client string
		server       *corev1.Pod
	}{
		{"no sidecar", "plain", without},
		{"at the server", "plain", with},
		{"at the client", "client", without},
		{"at both", "client", with},
	}
	busy, calm := make([][]measured, len(ways)), make([][]measured, len(ways))
	for range *priceRounds {
		for i, way := range ways {
			url := "http://" + way.server.Status.PodIP + "/"
			busy[i] = append(busy[i], s.measure(way.client, url, busyConnections))
			calm[i] = append(calm[i], s.measure(way.client, url, busyConnections, calmRate))
		}
	}
	fmt.Printf("\nSidecar          requests/s      p50      p99   at %s/s: p50      p99\n", calmRate)
	for i, way := range ways {
		b, c := median(busy[i], func(m measured) float64 { return m.rate }), median(calm[i], func(m measured) time.Duration { return m.p99 })
		fmt.Printf("%-16s %10.0f %8s %8s %14s %8s\n", way.name, b.rate, milliseconds(b.p50), milliseconds(b.p99), milliseconds(c.p50), milliseconds(c.p99))
	}
	fmt.Printf("\nMemory of the proxy, resident: %.0f MiB idle, %.0f MiB after the load\n", idle, s.resident(with))
	fmt.Printf("Pod from its creation to Ready, median of %d: %s without a sidecar, %s with one\n\n", *pricePods, s.readyAfter("false"), s.readyAfter("true"))
}

// measured is what one load saw.
type measured struct {
	rate     float64
	p50, p99 time.Duration
}

// measure has a client load a server, and fails where a request does.
func (s *space) measure(client, url string, args ...string) measured {
	s.Helper()
	args = slices.Insert(args, 1, priceTime.String())
	text := s.kubectl("", append([]string{"exec", client, "--container=app", "--", "/app", "bench", url}, args...)...)
	if field(text, "failed") != "0" {
		s.Errorf("load from %q: %s, want none to fail", client, text)
	}
	m := measured{}
	var err error
	if m.rate, err = strconv.ParseFloat(field(text, "rate"), 64); err != nil {
		s.Fatal(err)
	}
	for name, to := range map[string]*time.Duration{"p50": &m.p50, "p99": &m.p99} {
		if *to, err = time.ParseDuration(field(text, name)); err != nil {
			s.Fatal(err)
		}
	}
	return m
}

// median is the one in the middle of several, by a figure.
func median[T any, F cmp.Ordered](all []T, figure func(T) F) T {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(figure(a), figure(b)) })
	return sorted[len(sorted)/2]
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// resident is the memory of a pod's proxy in MiB.
func (s *space) resident(pod *corev1.Pod) float64 {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.process(pod, proxyCommand), "status"))
	if err != nil {
		s.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if size, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kibibytes, err := strconv.ParseFloat(strings.Fields(size)[0], 64)
			if err != nil {
				s.Fatal(err)
			}
			return kibibytes / 1024
		}
	}
	s.Fatalf("the kernel says nothing of the memory of the proxy of pod %q", pod.Name)
	return 0
}

// readyAfter creates pods one after the other, and returns the median of the times that they took to be ready.
func (s *space) readyAfter(inject string) time.Duration {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Duration(*pricePods)*time.Minute)
	defer cancel()
	pods := shared.Client.CoreV1().Pods(s.name)
	var took []time.Duration
	for range *pricePods {
		start := time.Now()
		pod, err := pods.Create(ctx, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "created-", Annotations: map[string]string{"sidecar.istio.io/inject": inject}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "app", Image: "localhost/application:1", ImagePullPolicy: corev1.PullNever, Args: []string{"pause"},
			}}},
		}, metav1.CreateOptions{})
		if err != nil {
			s.Fatal(err)
		}
		s.watchReady(ctx, pod)
		took = append(took, time.Since(start))
		zero := int64(0)
		if err := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
			s.Fatal(err)
		}
	}
	return median(took, func(d time.Duration) time.Duration { return d }).Round(10 * time.Millisecond)
}

// watchReady returns as soon as a pod is ready.
func (s *space) watchReady(ctx context.Context, pod *corev1.Pod) {
	s.Helper()
	events, err := shared.Client.CoreV1().Pods(s.name).Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + pod.Name, ResourceVersion: pod.ResourceVersion,
	})
	if err != nil {
		s.Fatal(err)
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		if now, ok := event.Object.(*corev1.Pod); ok && event.Type == watch.Modified && isReady(now) {
			return
		}
	}
	s.Fatalf("pod %q was not ready in time", pod.Name)
}
