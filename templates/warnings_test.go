package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func TestWarnings(t *testing.T) {
	engine := mustEngine(t, Options{})
	for name, test := range map[string]struct {
		pod  string
		want []string
	}{
		"a pod that all is well with": {`{spec: {containers: [{name: app, image: app, ports: [{containerPort: 8080, name: http}]}]}}`, nil},
		"the pod runs as the proxy": {`{spec: {securityContext: {runAsUser: 1337, runAsGroup: 1337}, containers: [{name: app, image: app}]}}`,
			[]string{`the container "app" has runAsUser 1337, which is the proxy's user: its outbound traffic goes past the proxy; take another user`}},
		"a container runs as the proxy's group": {`{spec: {securityContext: {runAsUser: 1000}, containers: [{name: app, image: app, securityContext: {runAsGroup: 1337}}]}}`,
			[]string{`the container "app" has runAsGroup 1337, which is the proxy's group: its outbound traffic goes past the proxy; take another group`}},
		"a container does not run as the pod does":                     {`{spec: {securityContext: {runAsUser: 1337, runAsGroup: 1}, containers: [{name: app, image: app, securityContext: {runAsUser: 1}}]}}`, nil},
		"an init container is to reach the network":                    {`{spec: {initContainers: [{name: migrate, image: app, securityContext: {runAsUser: 1337}}], containers: [{name: app, image: app}]}}`, nil},
		"nothing is captured, with the proxy's user":                   {`{metadata: {annotations: {sidecar.istio.io/interceptionMode: NONE}}, spec: {securityContext: {runAsUser: 1337}, containers: [{name: app, image: app}]}}`, nil},
		"an application runs as root, and so does a transparent proxy": {`{metadata: {annotations: {sidecar.istio.io/interceptionMode: TPROXY}}, spec: {securityContext: {runAsUser: 0, runAsGroup: 0}, containers: [{name: app, image: app}]}}`, nil},
		"the author gives the proxy the user of the application": {`{spec: {containers: [{name: sidecar-proxy, image: auto, securityContext: {runAsUser: 1000}}, {name: app, image: app, securityContext: {runAsUser: 1000}}]}}`,
			[]string{`the container "app" has runAsUser 1000, which is the proxy's user: its outbound traffic goes past the proxy; take another user`}},
		"the author makes the proxy root": {`{spec: {containers: [{name: sidecar-proxy, image: auto, securityContext: {runAsUser: 0}}, {name: app, image: app}]}}`,
			[]string{`the container "sidecar-proxy" has runAsUser 0 and runAsNonRoot true: the kubelet does not start it; set runAsNonRoot to false, or take another user`}},
		"the author makes the proxy root altogether": {`{spec: {containers: [{name: sidecar-proxy, image: auto, securityContext: {runAsUser: 0, runAsGroup: 0, runAsNonRoot: false}}, {name: app, image: app}]}}`,
			[]string{`the container "sidecar-proxy" runs as user 0 and group 0, and neither is left alone (users [1337], groups [1337]): its own traffic comes back to it`}},
		"the application has ports of the proxy": {`{spec: {containers: [{name: app, image: app, ports: [{containerPort: 15000}, {containerPort: 15006}, {containerPort: 15001, protocol: UDP}, {containerPort: 15002}]}, {name: more, image: app, ports: [{containerPort: 15021}, {containerPort: 15090}]}]}}`,
			[]string{
				`the container "app" has the port 15000, which is the proxy's: it cannot listen there, or is not reached; take another port`,
				`the container "app" has the port 15006, which is the proxy's: it cannot listen there, or is not reached; take another port`,
				`the container "more" has the port 15021, which is the proxy's: it cannot listen there, or is not reached; take another port`,
				`the container "more" has the port 15090, which is the proxy's: it cannot listen there, or is not reached; take another port`,
			}},
		"nothing is captured, with a port of captured traffic": {`{metadata: {annotations: {sidecar.istio.io/interceptionMode: NONE}}, spec: {containers: [{name: app, image: app, ports: [{containerPort: 15006}]}]}}`, nil},
		"the application has the name of a port": {`{spec: {containers: [{name: app, image: app, ports: [{name: proxy-health, containerPort: 8080}]}]}}`,
			[]string{`the containers "app" and "sidecar-proxy" both name a port "proxy-health": Services that use the name are ambiguous; give the port another name`}},
		"a Job's pod with an ordinary container": {`{metadata: {annotations: {sidecar.istio.io/nativeSidecar: "false"}}, spec: {restartPolicy: Never, containers: [{name: app, image: app}]}}`,
			[]string{`the pod has restartPolicy Never, and does not end as long as the injected container "sidecar-proxy" runs; annotation "sidecar.istio.io/nativeSidecar" "true" makes it a native sidecar, which ends with the pod`}},
		"a Job's pod with a native sidecar": {`{spec: {restartPolicy: OnFailure, containers: [{name: app, image: app}]}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := engine.Inject(Input{Pod: podOf(t, test.pod), Namespace: metav1.ObjectMeta{Name: "shop"}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, result.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRulesLeaveOtherFaultsAlone shows that what was wrong with a pod before its injection is not complained about: that is
// the API server's.
func TestRulesLeaveOtherFaultsAlone(t *testing.T) {
	engine := mustEngine(t, Options{})
	for name, pod := range map[string]string{
		"a request above its limit":       `{spec: {containers: [{name: app, image: app, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}]}}`,
		"the same in an override":         `{spec: {containers: [{name: sidecar-proxy, image: auto, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}, {name: app, image: app}]}}`,
		"a host port twice":               `{spec: {containers: [{name: app, image: app, ports: [{containerPort: 80, hostPort: 80}]}, {name: b, image: b, ports: [{containerPort: 81, hostPort: 80}]}]}}`,
		"more than spec.resources has":    `{spec: {resources: {requests: {cpu: 1}}, containers: [{name: app, image: app, resources: {requests: {cpu: 2}}}]}}`,
		"a user that is out of range":     `{spec: {containers: [{name: sidecar-proxy, image: auto, securityContext: {runAsUser: -1}}, {name: app, image: app}]}}`,
		"annotations that are too long":   `{metadata: {annotations: {long: "` + strings.Repeat("x", maxAnnotations) + `"}}, spec: {containers: [{name: app, image: app}]}}`,
		"an image with spaces around":     `{spec: {containers: [{name: sidecar-proxy, image: " x "}, {name: app, image: " y "}]}}`,
		"a volume with two sources":       `{spec: {volumes: [{name: sidecar-files, emptyDir: {}, hostPath: {path: /x}}], containers: [{name: app, image: app}]}}`,
		"an unknown resource, not ours":   `{spec: {containers: [{name: app, image: app, resources: {requests: {foo: 1}}}]}}`,
		"privileged without being let so": `{spec: {containers: [{name: sidecar-proxy, image: auto, securityContext: {privileged: true, allowPrivilegeEscalation: false}}, {name: app, image: app}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := engine.Inject(Input{Pod: podOf(t, pod), Namespace: metav1.ObjectMeta{Name: "shop"}}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnnotationsTogether(t *testing.T) {
	engine := mustEngine(t, Options{})
	pod := podOf(t, `{metadata: {annotations: {long: "`+strings.Repeat("x", maxAnnotations-100)+`"}}, spec: {containers: [{name: app, image: app}]}}`)
	_, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
	if err == nil || !strings.HasPrefix(err.Error(), "metadata.annotations: they have ") || !strings.HasSuffix(err.Error(), "of them the injector's: want at most 262144") {
		t.Errorf("got %v", err)
	}
}

// TestLongListsAreCheckedFast shows that lists of ports and ranges, and probes, are checked in linear time: 30,000 elements
// took minutes when each was compared with each.
func TestLongListsAreCheckedFast(t *testing.T) {
	var included, excluded, ranges, others []string
	var containers []string
	for i := range 12_000 {
		included, excluded = append(included, fmt.Sprint(i+1)), append(excluded, fmt.Sprint(i+20_000))
	}
	for i := range 3_000 {
		ranges, others = append(ranges, fmt.Sprintf("10.%d.%d.0/24", i/256, i%256)), append(others, fmt.Sprintf("11.%d.%d.0/24", i/256, i%256))
		if i < 1_000 {
			containers = append(containers, fmt.Sprintf("{name: c%d, image: c, livenessProbe: {tcpSocket: {port: %d}}}", i, i+40_000))
		}
	}
	pod := podOf(t, fmt.Sprintf(`{metadata: {annotations: {
  traffic.sidecar.istio.io/includeOutboundPorts: %q, traffic.sidecar.istio.io/excludeOutboundPorts: %q, traffic.sidecar.istio.io/excludeInboundPorts: %q,
  traffic.sidecar.istio.io/includeOutboundIPRanges: %q, traffic.sidecar.istio.io/excludeOutboundIPRanges: %q}},
  spec: {containers: [%s]}}`, strings.Join(included, ","), strings.Join(excluded, ","), strings.Join(included, ","), strings.Join(ranges, ","), strings.Join(others, ","), strings.Join(containers, ", ")))
	engine := mustEngine(t, Options{})
	start := time.Now()
	if _, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}}); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	} else {
		t.Logf("it took %s", took)
	}
}

// podOf decodes a pod in YAML.
func podOf(t *testing.T, text string) map[string]any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return mustDecode(t, string(raw))
}
