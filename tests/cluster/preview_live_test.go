package cluster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// workloadsOf has one workload of each kind, whose pods ask for a sidecar in
// several ways.
const workloadsOf = `
apiVersion: v1
kind: Pod
metadata: {name: pod, labels: {app: pod}, annotations: {sidecar.istio.io/inject: "true"}}
spec: {containers: [{name: app, image: "app:1"}]}
---
apiVersion: v1
kind: ReplicationController
metadata: {name: controller}
spec:
  selector: {app: controller}
  template:
    metadata: {labels: {app: controller, sidecar.istio.io/inject: "true"}}
    spec: {containers: [{name: app, image: app}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: set}
spec:
  selector: {matchLabels: {app: set}}
  template:
    metadata: {labels: {app: set}, annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/nativeSidecar: "false"}}
    spec: {containers: [{name: app, image: app, resources: {limits: {cpu: 1}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: deployment}
spec:
  selector: {matchLabels: {app: deployment}}
  template:
    metadata: {labels: {app: deployment}, annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/proxyCPU: 50m}}
    spec:
      initContainers: [{name: first, image: app}]
      containers: [{name: app, image: app, readinessProbe: {httpGet: {port: 80}}}, {name: sidecar-proxy, image: auto, env: [{name: MINE, value: "yes"}]}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: stateful}
spec:
  serviceName: stateful
  selector: {matchLabels: {app: stateful}}
  template:
    metadata: {labels: {app: stateful}, annotations: {sidecar.istio.io/inject: "true", sidecar.istio.io/interceptionMode: NONE}}
    spec: {containers: [{name: app, image: app}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: daemons}
spec:
  selector: {matchLabels: {app: daemons}}
  template:
    metadata: {labels: {app: daemons}, annotations: {sidecar.istio.io/inject: "true"}}
    spec: {containers: [{name: app, image: app}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec:
  template:
    metadata: {annotations: {sidecar.istio.io/inject: "true"}}
    spec: {restartPolicy: Never, containers: [{name: app, image: app}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cron}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate:
    spec:
      template:
        metadata: {annotations: {sidecar.istio.io/inject: "true"}}
        spec: {restartPolicy: OnFailure, containers: [{name: app, image: app}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: quiet}
spec:
  selector: {matchLabels: {app: quiet}}
  template:
    metadata: {labels: {app: quiet}}
    spec: {containers: [{name: app, image: app}]}
`

// TestPreviewServer: for every kind of workload the API server makes the pod
// that preview says, in files and, once they are there, of the live objects; and
// a difference is told.
func TestPreviewServer(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	file := filepath.Join(t.TempDir(), "workloads.yaml")
	if err := os.WriteFile(file, []byte(workloadsOf), 0o600); err != nil {
		t.Fatal(err)
	}
	names := []string{"pod/pod", "replicationcontroller/controller", "replicaset.apps/set", "deployment.apps/deployment",
		"statefulset.apps/stateful", "daemonset.apps/daemons", "job.batch/job", "cronjob.batch/cron"}
	check := func(what string, wantCode int, args ...string) string {
		t.Helper()
		out, code := ask(t, append([]string{"preview", "-n", namespace, "--server", "-o", "name"}, args...)...)
		if code != wantCode {
			t.Errorf("%s: exit code %d, want %d\n%s", what, code, wantCode, out)
		}
		return out
	}
	if diff := cmp.Diff(names, strings.Fields(check("files", 0, "-f", file))); diff != "" {
		t.Errorf("what would change (-want +got):\n%s", diff)
	}
	for _, command := range []string{"preview", "explain"} {
		// The namespace's label is the cluster's: the document that asks for nothing is injected with it.
		labelled := newNamespace(t, injecting)
		if out, code := ask(t, command, "-n", labelled, "--live", "-f", file); code != 0 || strings.Contains(out, "not_requested") {
			t.Errorf("%s --live: exit code %d, in a namespace that opted in it prints:\n%s", command, code, out)
		}
	}
	check("files, by another value than the cluster's", 1, "-f", file, "--set", "proxy.logLevel=debug")
	if _, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "apply", "-f", file); err != nil {
		t.Fatal(err)
	}
	live := append([]string{}, names[1:]...) // the live Pod is injected already
	if diff := cmp.Diff(live, strings.Fields(check("live objects", 0, live...))); diff != "" {
		t.Errorf("what would change of live objects (-want +got):\n%s", diff)
	}
}

// TestPreviewLive: the pods that controllers make are those that preview says.
func TestPreviewLive(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, injecting)
	workload := `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "app:1"}]}}}
`
	if _, _, err := shared.Kubectl(t.Context(), workload, "-n", namespace, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	stored := waitForPods(t, namespace, "app=web", 1)[0]
	out, code := ask(t, "preview", "deployment/web", "-n", namespace, "-o", "yaml")
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(out), &object); err != nil {
		t.Fatal(err)
	}
	var previewed corev1.Pod
	document := manifest.FromObject("deployment/web", object)
	if err := manifest.Visit(&document, func(at manifest.Place) error {
		found, _, err := manifest.WorkloadsOf(at)
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d workloads, want one: %w", len(found), err)
		}
		return runtime.DefaultUnstructuredConverter.FromUnstructured(simulate.PodOf(found[0], namespace), &previewed)
	}); err != nil {
		t.Fatal(err)
	}
	previewed.Labels["pod-template-hash"] = stored.Labels["pod-template-hash"]
	want, err := shared.Stored(t.Context(), &previewed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cluster.Comparable(want), cluster.Comparable(&stored)); diff != "" {
		t.Errorf("the stored pod is not the previewed one (-previewed +stored):\n%s", diff)
	}
}
