//go:build linux

package node_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// space is a namespace of one test.
type space struct {
	*testing.T
	name string
}

// newSpace makes a namespace, which ends with the test.
func newSpace(t *testing.T, labels map[string]string) *space {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("Test", "", "/", "-", "_", "-").Replace(t.Name()))
	if err := shared.CreateNamespace(t.Context(), name, labels); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return // its logs and events may tell why
		}
		if err := shared.Client.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("delete namespace %q: %v", name, err)
		}
	})
	return &space{t, name}
}

// kubectl runs kubectl in the namespace and returns its standard output; a failure
// ends the test.
func (s *space) kubectl(stdin string, args ...string) string {
	s.Helper()
	stdout, _, err := shared.Kubectl(s.Context(), stdin, append([]string{"--namespace=" + s.name}, args...)...)
	if err != nil {
		s.Fatal(err)
	}
	return stdout
}

// apply applies manifests.
func (s *space) apply(manifests string) {
	s.Helper()
	s.kubectl(manifests, "apply", "--filename=-")
}

// pods waits until exactly count pods with the label app=<app> are there and ready,
// and returns them.
func (s *space) pods(app string, count int) []corev1.Pod {
	s.Helper()
	var pods []corev1.Pod
	err := cluster.Eventually(s.Context(), time.Minute, func(ctx context.Context) error {
		list, err := shared.Client.CoreV1().Pods(s.name).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
		if err != nil {
			return err
		}
		pods = list.Items
		if len(pods) != count {
			return fmt.Errorf("%d pods, want %d", len(pods), count)
		}
		for _, pod := range pods {
			if !isReady(&pod) {
				return fmt.Errorf("pod %q is not ready", pod.Name)
			}
		}
		return nil
	})
	if err != nil {
		s.Fatalf("wait for the pods of %q: %v\n%s", app, err, s.kubectl("", "get", "pods,events"))
	}
	return pods
}

// service makes a Service of the name app for its pods, which are ready, with more
// fields of its spec, and waits until connections to its addresses reach them:
// kube-proxy needs a moment.
func (s *space) service(app string, fields ...string) {
	s.Helper()
	s.apply(fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %s}
spec: {%s}
`, app, strings.Join(append(fields, "selector: {app: "+app+"}", "ports: [{port: 80}]"), ", ")))
	err := cluster.Eventually(s.Context(), time.Minute, func(ctx context.Context) error {
		service, err := shared.Client.CoreV1().Services(s.name).Get(ctx, app, metav1.GetOptions{})
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		for _, address := range service.Spec.ClusterIPs {
			connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(address, "80"))
			if err != nil {
				return err
			}
			if err := connection.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.Fatalf("wait for service %q: %v", app, err)
	}
}

// eventually waits until check says so; if it does not, the test ends.
func (s *space) eventually(what string, check func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !check(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("wait for %s: nothing after a minute", what)
		}
	}
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// get has the application of a pod make a request, and returns what it was answered.
func (s *space) get(pod, url string) (status int, body string) {
	s.Helper()
	output := s.kubectl("", "exec", pod, "--container=app", "--", "/app", "get", url)
	first, body, _ := strings.Cut(output, "\n")
	status, err := strconv.Atoi(first)
	if err != nil {
		s.Fatalf("request %s from pod %q: %q", url, pod, output)
	}
	return status, body
}

// entry is a line of the proxy's access log.
type entry map[string]any

// accessLog waits for the entries of a pod's proxy for requests with the id, which
// Envoy writes some seconds later.
func (s *space) accessLog(pod, requestID string) []entry {
	s.Helper()
	var entries []entry
	err := cluster.Eventually(s.Context(), 20*time.Second, func(ctx context.Context) error {
		entries = nil
		text, _, err := shared.Kubectl(ctx, "", "--namespace="+s.name, "logs", pod, "--container=sidecar-proxy")
		if err != nil {
			return err
		}
		for line := range strings.Lines(text) {
			var e entry
			if json.Unmarshal([]byte(line), &e) == nil && e["request_id"] == requestID {
				entries = append(entries, e)
			}
		}
		if len(entries) == 0 {
			time.Sleep(500 * time.Millisecond)
			return fmt.Errorf("no entry has request id %q", requestID)
		}
		return nil
	})
	if err != nil {
		s.Fatalf("read the access log of pod %q: %v", pod, err)
	}
	return entries
}

// metric is the sum of the series of a pod's proxy that have the name and the label,
// written as label="value".
func (s *space) metric(pod *corev1.Pod, name, label string) float64 {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, "http://"+pod.Status.PodIP+":15090/stats/prometheus", nil)
	if err != nil {
		s.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	sum, found := 0.0, false
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if (strings.HasPrefix(line, name+"{") || strings.HasPrefix(line, name+" ")) && strings.Contains(line, label) {
			value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			if err != nil {
				s.Fatalf("read metric %q: %v", line, err)
			}
			sum, found = sum+value, true
		}
	}
	if !found {
		s.Fatalf("the proxy of pod %q has no metric %s{%s}", pod.Name, name, label)
	}
	return sum
}

// field returns the value of "name=value" in a text of the test application.
func field(text, name string) string {
	for _, word := range strings.Fields(text) {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
	}
	return ""
}

// seen is what the tests saw, by scenario, for the table at the end.
var seen = struct {
	sync.Mutex
	rows map[string][]string
}{rows: map[string][]string{}}

// saw adds a row to the table.
func (s *space) saw(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.Log(text)
	name, _, _ := strings.Cut(s.Name(), "/")
	seen.Lock()
	defer seen.Unlock()
	seen.rows[name] = append(seen.rows[name], text)
}

// printSeen prints the table.
func printSeen() {
	seen.Lock()
	defer seen.Unlock()
	fmt.Println("\nSeen on the node:")
	for _, name := range slices.Sorted(maps.Keys(seen.rows)) {
		for _, text := range seen.rows[name] {
			fmt.Printf("  %-22s %s\n", strings.TrimPrefix(name, "Test"), text)
			name = ""
		}
	}
}
