package samples

import (
	"fmt"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// fixtures are pods that are valid, but for the last, and on which templates stumble, in YAML, by what they are. The first
// that something is wrong with is the one that is told of, so the simple ones come first.
var fixtures = []struct{ name, pod string }{
	{"a minimal pod", `spec: {containers: [{name: a, image: a}]}`},
	{"a pod without labels and with no name yet", `metadata: {name: null, generateName: a-}` + "\n" + `spec: {containers: [{name: a, image: a}]}`},
	{"a pod with twelve containers", "spec: {containers: [" + manyContainers(12) + "]}"},
	{"a pod with long names", fmt.Sprintf(`metadata: {name: %[2]s, labels: {app: %[1]s}}`+"\n"+`spec: {containers: [{name: %[1]s, image: %[1]s}]}`, strings.Repeat("a", 63), strings.Repeat("b", 253))},
	{"a pod with unicode and quotes", `metadata: {annotations: {note: "ä ☃ ' \" {{ }} # : - | \n\t\\"}, labels: {app: "x"}}
spec: {containers: [{name: a, image: a, env: [{name: A, value: "ä ☃ ' \" {{ }} \n"}]}]}`},
	{"a pod with probes of all kinds", `
spec:
  containers:
  - name: a
    image: a
    ports: [{name: http, containerPort: 8080}]
    livenessProbe: {httpGet: {port: http, path: /}}
    readinessProbe: {tcpSocket: {port: 8081}}
    startupProbe: {grpc: {port: 8082}}
    lifecycle: {preStop: {exec: {command: ["true"]}}, postStart: {httpGet: {port: 8080}}}
  - {name: b, image: b, readinessProbe: {exec: {command: ["true"]}}}`},
	{"a pod with init containers, one of them native", `
spec:
  initContainers: [{name: first, image: a}, {name: cache, image: b, restartPolicy: Always, startupProbe: {tcpSocket: {port: 6379}}}]
  containers: [{name: a, image: a}]`},
	{"a pod with volumes and mounts", `
spec:
  volumes: [{name: data, emptyDir: {}}, {name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}]
  containers: [{name: a, image: a, volumeMounts: [{name: data, mountPath: /data}]}]`},
	{"a pod with resources and a security context", `
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 2000, seccompProfile: {type: RuntimeDefault}}
  containers: [{name: a, image: a, resources: {limits: {cpu: 1, memory: 1Gi}}, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]`},
	{"a pod with a short grace period and no service links", `spec: {terminationGracePeriodSeconds: 0, enableServiceLinks: false, containers: [{name: a, image: a}]}`},
	{"a Job's pod", `spec: {restartPolicy: Never, activeDeadlineSeconds: 5, containers: [{name: a, image: a}]}`},
	// The API server refuses it, but asks the webhook first.
	{noContainers, `spec: {containers: []}`},
}

const noContainers = "a pod with no containers"

// modes are annotations of the profiles, all of which every pod is tried with, by what they make of the sidecar.
var modes = []struct{ name, key, value string }{
	{},
	{" whose sidecar is an ordinary container", "sidecar.istio.io/nativeSidecar", "false"},
}

func manyContainers(count int) string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf("{name: c%d, image: c, ports: [{containerPort: %d}]}", i, 9000+i))
	}
	return strings.Join(all, ", ")
}

// Pod is a sample.
type Pod struct {
	// Name is what it is called in messages, such as "a minimal pod".
	Name string
	// Object is the pod, decoded, as its author writes it: without the API server's defaults.
	Object map[string]any
	// Invalid says that the API server refuses it in any case.
	Invalid bool
}

// Pods returns new samples in order, each with an annotation; with none if the key is empty. An error says that one cannot
// be decoded, which its text is to blame for.
func Pods(key, value string) ([]Pod, error) {
	var pods []Pod
	for _, mode := range modes {
		for _, a := range fixtures {
			pod := map[string]any{}
			if err := utilyaml.Unmarshal([]byte(a.pod), &pod); err != nil {
				return nil, fmt.Errorf("decode %s: %w", a.name, err)
			}
			pod["apiVersion"], pod["kind"] = "v1", "Pod"
			metadata, ok := pod["metadata"].(map[string]any)
			if !ok {
				metadata = map[string]any{"name": "sample"}
				pod["metadata"] = metadata
			}
			annotations := templates.Pod(pod).Annotations()
			for k, v := range map[string]string{mode.key: mode.value, key: value} {
				if k != "" {
					annotations[k] = v
				}
			}
			if len(annotations) == 0 {
				delete(metadata, "annotations")
			}
			pods = append(pods, Pod{a.name + mode.name, pod, a.name == noContainers})
		}
	}
	return pods, nil
}
