package templates

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// probedPod is a pod with a TCP probe of the port 8080 and whatever else its container has.
const probedPod = `{metadata: {name: p}, spec: {containers: [{name: app, image: app, readinessProbe: {%s}, %s}]}}`

// TestProbesChangedInBetween shows that somebody may change an injected pod before it is injected again: what results is what
// the pod gives that its author wrote so at once, status annotation included, and removing the injection gives that pod.
func TestProbesChangedInBetween(t *testing.T) {
	engine := mustEngine(t, Options{})
	const tcp, ports = `tcpSocket: {port: 8080}`, `ports: [{containerPort: 9090}]`
	defaults := map[string]any{"timeoutSeconds": int64(1), "periodSeconds": int64(10), "successThreshold": int64(1), "failureThreshold": int64(3)}
	for sentence, c := range map[string]struct {
		change func(container map[string]any)
		want   string
	}{
		"nothing": {func(map[string]any) {}, fmt.Sprintf(probedPod, tcp, ports)},
		"what the API server fills in": {
			func(container map[string]any) {
				for name, value := range defaults {
					container["readinessProbe"].(map[string]any)[name] = value
				}
			},
			fmt.Sprintf(probedPod, tcp+`, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3`, ports),
		},
		"another port": {
			func(container map[string]any) {
				container["readinessProbe"] = map[string]any{"tcpSocket": map[string]any{"port": int64(9090)}}
			},
			fmt.Sprintf(probedPod, `tcpSocket: {port: 9090}`, ports),
		},
		"another time": {
			func(container map[string]any) {
				container["readinessProbe"].(map[string]any)["periodSeconds"] = int64(3)
			},
			fmt.Sprintf(probedPod, tcp+`, periodSeconds: 3`, ports),
		},
		"another kind of probe": {
			func(container map[string]any) {
				container["readinessProbe"] = map[string]any{"httpGet": map[string]any{"port": int64(8080)}}
			},
			fmt.Sprintf(probedPod, `httpGet: {port: 8080}`, ports),
		},
		"no probe": {
			func(container map[string]any) { delete(container, "readinessProbe") },
			`{metadata: {name: p}, spec: {containers: [{name: app, image: app, ` + ports + `}]}}`,
		},
		"a port that was given to the probe": {
			func(container map[string]any) {
				container["ports"] = []any{map[string]any{"containerPort": int64(15200)}}
			},
			fmt.Sprintf(probedPod, tcp, `ports: [{containerPort: 15200}]`),
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inject := func(pod map[string]any) map[string]any {
				t.Helper()
				result, err := engine.Inject(Input{Pod: pod, Namespace: metav1.ObjectMeta{Name: "shop"}})
				if err != nil {
					t.Fatal(err)
				}
				return copyOf(t, result.Pod)
			}
			changed := inject(podOf(t, fmt.Sprintf(probedPod, tcp, ports)))
			container, _ := Pod(changed).Find("app")
			c.change(container)
			want := podOf(t, c.want)
			got := inject(changed)
			if diff := cmp.Diff(inject(want), got); diff != "" {
				t.Errorf("injected again (-what its author's gives +got):\n%s", diff)
			}
			removed, _, _, err := Remove(got, engine.Profile().Keys.Status)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, removed); diff != "" {
				t.Errorf("removed (-want +got):\n%s", diff)
			}
		})
	}
}

// copyOf returns a pod that shares nothing with another.
func copyOf(t *testing.T, pod map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return mustDecode(t, string(raw))
}

// TestProbePortsRunOut shows that a pod whose ports are all taken is refused.
func TestProbePortsRunOut(t *testing.T) {
	engine := mustEngine(t, Options{Values: map[string]any{"capture": map[string]any{"firstProbePort": int64(65535)}}})
	_, err := engine.Inject(Input{Pod: podOf(t, fmt.Sprintf(probedPod, `tcpSocket: {port: 8080}`, `ports: [{containerPort: 65535}]`)), Namespace: metav1.ObjectMeta{Name: "shop"}})
	if want := "no port is free for the probe of the port 8080"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestProbesOfTheProxysPorts shows that a probe of a port where the proxy takes connections gets no other: it would come past
// the rules that close the port, and succeed because of the proxy.
func TestProbesOfTheProxysPorts(t *testing.T) {
	engine := mustEngine(t, Options{})
	for _, port := range []int64{15001, 15006, 15008, 15021, 15090} {
		pod := podOf(t, fmt.Sprintf(probedPod, fmt.Sprintf(`tcpSocket: {port: %d}`, port), `livenessProbe: {tcpSocket: {port: 8080}}`))
		result, err := engine.Inject(Input{Pod: pod})
		if err != nil {
			t.Fatal(err)
		}
		container, _ := Pod(result.Pod).Find("app")
		if got := valueAt(container, "readinessProbe.tcpSocket.port"); got != port {
			t.Errorf("the probe of the port %d asks %v", port, got)
		}
		if got := valueAt(container, "livenessProbe.tcpSocket.port"); got != int64(15200) {
			t.Errorf("the probe of the port 8080 beside it asks %v", got)
		}
	}
}
