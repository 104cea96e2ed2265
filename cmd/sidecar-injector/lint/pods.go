package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// awkward are pods that are valid and on which templates stumble, in YAML, by what is awkward about them.
var awkward = map[string]string{
	"a minimal pod":          `spec: {containers: [{name: a, image: a}]}`,
	"no labels, no name yet": `metadata: {name: null, generateName: a-}` + "\n" + `spec: {containers: [{name: a, image: a}]}`,
	"twelve containers":      "spec: {containers: [" + manyContainers(12) + "]}",
	"long names":             fmt.Sprintf(`metadata: {name: %[2]s, labels: {app: %[1]s}}`+"\n"+`spec: {containers: [{name: %[1]s, image: %[1]s}]}`, strings.Repeat("a", 63), strings.Repeat("b", 253)),
	"unicode and quotes": `metadata: {annotations: {note: "ä ☃ ' \" {{ }} # : - | \n\t\\"}, labels: {app: "x"}}
spec: {containers: [{name: a, image: a, env: [{name: A, value: "ä ☃ ' \" {{ }} \n"}]}]}`,
	"probes of all kinds": `
spec:
  containers:
  - name: a
    image: a
    ports: [{name: http, containerPort: 8080}]
    livenessProbe: {httpGet: {port: http, path: /}}
    readinessProbe: {tcpSocket: {port: 8081}}
    startupProbe: {grpc: {port: 8082}}
    lifecycle: {preStop: {exec: {command: ["true"]}}, postStart: {httpGet: {port: 8080}}}
  - {name: b, image: b, readinessProbe: {exec: {command: ["true"]}}}`,
	"init containers, one of them native": `
spec:
  initContainers: [{name: first, image: a}, {name: cache, image: b, restartPolicy: Always, startupProbe: {tcpSocket: {port: 6379}}}]
  containers: [{name: a, image: a}]`,
	"volumes and mounts": `
spec:
  volumes: [{name: data, emptyDir: {}}, {name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}]
  containers: [{name: a, image: a, volumeMounts: [{name: data, mountPath: /data}]}]`,
	"resources and a security context": `
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 2000, seccompProfile: {type: RuntimeDefault}}
  containers: [{name: a, image: a, resources: {limits: {cpu: 1, memory: 1Gi}}, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]`,
	"a short grace period, no service links": `spec: {terminationGracePeriodSeconds: 0, enableServiceLinks: false, containers: [{name: a, image: a}]}`,
	"a Job's pod":                            `spec: {restartPolicy: Never, activeDeadlineSeconds: 5, containers: [{name: a, image: a}]}`,
}

// modes are annotations of the profiles, all of which every pod is tried with.
var modes = map[string]map[string]string{
	"":                      nil,
	"as ordinary container": {"sidecar.istio.io/nativeSidecar": "false"},
}

func manyContainers(count int) string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf("{name: c%d, image: c, ports: [{containerPort: %d}]}", i, 9000+i))
	}
	return strings.Join(all, ", ")
}

// testPod is an awkward pod and what it is called in messages.
type testPod struct {
	name string
	pod  map[string]any
}

// testPods returns the pods in the order of their names.
func testPods() ([]testPod, error) {
	var pods []testPod
	for _, name := range slices.Sorted(maps.Keys(awkward)) {
		for _, mode := range slices.Sorted(maps.Keys(modes)) {
			pod := map[string]any{}
			if err := utilyaml.Unmarshal([]byte(awkward[name]), &pod); err != nil {
				return nil, fmt.Errorf("decode the pod with %s: %w", name, err)
			}
			pod["apiVersion"], pod["kind"] = "v1", "Pod"
			metadata, ok := pod["metadata"].(map[string]any)
			if !ok {
				metadata = map[string]any{"name": "awkward"}
				pod["metadata"] = metadata
			}
			annotations, ok := metadata["annotations"].(map[string]any)
			if !ok {
				annotations = map[string]any{}
			}
			for key, value := range modes[mode] {
				annotations[key] = value
			}
			if len(annotations) > 0 {
				metadata["annotations"] = annotations
			}
			pods = append(pods, testPod{strings.TrimSpace(name + " " + mode), pod})
		}
	}
	return pods, nil
}
