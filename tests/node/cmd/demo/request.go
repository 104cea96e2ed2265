package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// client is an injected pod that calls the example's pods by their Service.
const client = `apiVersion: v1
kind: Service
metadata: {name: myapp}
spec: {selector: {app: myapp}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: client
  annotations: {sidecar.istio.io/inject: "true"}
spec:
  containers:
  - {name: app, image: "localhost/application:1", imagePullPolicy: Never, args: [pause]}
`

// How long pods may take until they are ready, and Envoy until it has written its
// access log, which it does every ten seconds.
const (
	readyTimeout = 2 * time.Minute
	logTimeout   = 30 * time.Second
)

// request has a client's request go through both sidecars, and another one be tried
// again, and shows what the sidecars logged.
func (d *demo) request(ctx context.Context) error {
	d.heading("The pods run, and one calls the others")
	start := time.Now()
	if _, _, err := d.c.Kubectl(ctx, client, "apply", "--filename=-"); err != nil {
		return err
	}
	if err := d.waitReady(ctx, pods+1); err != nil {
		return err
	}
	d.step("3 pods ready, each with its sidecar", time.Since(start))

	body, err := d.get(ctx, "http://myapp/")
	if err != nil {
		return err
	}
	if err := d.showLogs(ctx, body, "client", field(body, "pod")); err != nil {
		return err
	}
	d.heading("An answer 503 is tried again by the client's sidecar")
	if body, err = d.get(ctx, "http://myapp/flaky"); err != nil {
		return err
	}
	return d.showLogs(ctx, body, "client")
}

// recorded writes what a step prints to the file of the record too.
func (d *demo) recorded(step func() error) error {
	var text bytes.Buffer
	out := d.out
	d.out = io.MultiWriter(out, &text)
	err := step()
	d.out = out
	if err != nil || d.record == "" {
		return err
	}
	return os.WriteFile(d.record, text.Bytes(), 0o644)
}

// waitReady waits until count pods are there and all are ready.
func (d *demo) waitReady(ctx context.Context, count int) error {
	err := cluster.Eventually(ctx, readyTimeout, func(ctx context.Context) error {
		list, err := d.c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		ready := 0
		for _, pod := range list.Items {
			for _, condition := range pod.Status.Conditions {
				if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
					ready++
				}
			}
		}
		if ready != count {
			return fmt.Errorf("%d of %d pods are ready", ready, count)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for the pods: %w", err)
	}
	return nil
}

// get has the client make a request, prints command and answer, and returns the
// latter. kube-proxy may need a moment until the Service answers.
func (d *demo) get(ctx context.Context, url string) (body string, err error) {
	args := []string{"exec", "client", "-c", "app", "--", "/app", "get", url}
	err = cluster.Eventually(ctx, readyTimeout, func(ctx context.Context) error {
		var status string
		output, _, err := d.c.Kubectl(ctx, "", args...)
		if err != nil {
			return err
		}
		if status, body, _ = strings.Cut(output, "\n"); status != "200" {
			return fmt.Errorf("the answer is %s %s", status, body)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("request %s from the client: %w", url, err)
	}
	fmt.Fprintf(d.out, "  $ kubectl %s\n  200 %s\n", strings.Join(args, " "), body)
	return body, nil
}

// showLogs prints the lines of sidecars' access logs for the request with this
// answer.
func (d *demo) showLogs(ctx context.Context, body string, names ...string) error {
	id := field(body, "request-id")
	for _, name := range names {
		args := []string{"logs", name, "-c", "sidecar-proxy"}
		err := cluster.Eventually(ctx, logTimeout, func(ctx context.Context) error {
			output, _, err := d.c.Kubectl(ctx, "", args...)
			if err != nil {
				return err
			}
			for line := range strings.Lines(output) {
				var entry struct {
					Direction, Path string
					Status          int
					Attempts        int
					Upstream        string
					RequestID       string `json:"request_id"`
				}
				if json.Unmarshal([]byte(line), &entry) == nil && entry.RequestID == id {
					fmt.Fprintf(d.out, "  $ kubectl %s\n  %-8s %s %d, attempts %d, upstream %s, request_id %s\n",
						strings.Join(args, " "), entry.Direction, entry.Path, entry.Status, entry.Attempts, entry.Upstream, entry.RequestID)
					return nil
				}
			}
			return errors.New("the request is not in it yet")
		})
		if err != nil {
			return fmt.Errorf("read the access log of pod %q: %w", name, err)
		}
	}
	return nil
}

// field returns the value of "name=value" in an answer of the test application.
func field(text, name string) string {
	for _, word := range strings.Fields(text) {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
	}
	return ""
}
