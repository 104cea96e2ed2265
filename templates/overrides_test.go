package templates

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
)

// A webhook sees the pod after the API server has filled in its defaults, and cannot tell them from what the author
// wrote: with and without them, and with them written down, an override means the same.
func TestOverridesMeanTheSameWithDefaults(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
spec:
  initContainers:
  - name: proxy
    image: proxy
    imagePullPolicy: Never
    restartPolicy: Always
    terminationMessagePolicy: FallbackToLogsOnError
    startupProbe: {httpGet: {port: 1, path: /ready, scheme: HTTPS}, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 600}
    lifecycle: {preStop: {httpGet: {port: 1, path: /stop}}}
    args: [run]
    tty: true
    ports: [{containerPort: 1}]
    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]`}})
	for name, test := range map[string]struct{ written, filledIn string }{
		"nothing but its name": {
			`"image":"auto"`,
			`"image":"auto","imagePullPolicy":"Always","terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","resources":{}`,
		},
		"a probe's period": {
			`"startupProbe":{"periodSeconds":2}`,
			`"startupProbe":{"periodSeconds":2,"timeoutSeconds":1,"successThreshold":1,"failureThreshold":3}`,
		},
		"another handler": {
			`"startupProbe":{"grpc":{"port":1}}`,
			`"startupProbe":{"grpc":{"port":1,"service":""},"periodSeconds":10,"timeoutSeconds":1,"successThreshold":1,"failureThreshold":3}`,
		},
		"a handler's port": {
			`"startupProbe":{"httpGet":{"port":2}},"lifecycle":{"preStop":{"httpGet":{"port":2}}}`,
			`"startupProbe":{"httpGet":{"port":2,"path":"/","scheme":"HTTP"},"periodSeconds":10},"lifecycle":{"preStop":{"httpGet":{"port":2,"path":"/","scheme":"HTTP"}}}`,
		},
		"zero values, which are dropped": {
			`"image":"","args":[],"tty":false,"livenessProbe":null,"startupProbe":{"initialDelaySeconds":0,"periodSeconds":0},"env":[{"name":"IP","value":""}]`,
			`"startupProbe":{},"env":[{"name":"IP"}]`,
		},
		"a port and a variable": {
			`"ports":[{"containerPort":1,"name":"x"}],"env":[{"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.hostIP"}}}]`,
			`"ports":[{"containerPort":1,"name":"x","protocol":"TCP"}],"env":[{"name":"IP","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"status.hostIP"}}}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := func(fields string) map[string]any {
				pod := mustDecode(t, fmt.Sprintf(`{"spec":{"containers":[{"name":"app","image":"app"},{"name":"proxy",%s}]}}`, fields))
				injected := mustInject(t, engine, pod).Pod
				if again := mustInject(t, engine, injected); len(again.Patch) > 0 {
					t.Errorf("injecting again changes the pod: %v", again.Patch)
				}
				found, _ := Pod(injected).Find("proxy")
				return found
			}
			written, filledIn := proxy(test.written), proxy(test.filledIn)
			if !listmap.Equal(containerType, written, filledIn) {
				t.Errorf("the injected container is another (-as written +with defaults):\n%s", cmp.Diff(written, filledIn))
			}
		})
	}
}

// What the API server writes of a container without resources is its author's: it stays in the pod that the patch makes,
// and so in the result, where spec.resources leaves the sidecar none.
func TestEmptyResourcesStay(t *testing.T) {
	engine := mustEngine(t, Options{DefaultTemplates: []string{"t"}, Templates: map[string]string{"t": `
spec:
  containers:
  - {name: proxy, image: proxy, resources: {limits: {cpu: 1}, requests: {cpu: 1}}}
`}})
	pod := mustDecode(t, `{"spec":{"resources":{"requests":{"cpu":"1"}},"containers":[{"name":"app","image":"a"},{"name":"proxy","image":"p","resources":{}}]}}`)
	for range 2 {
		injected := mustInject(t, engine, pod).Pod
		proxy, _ := Pod(injected).Find("proxy")
		if diff := cmp.Diff(map[string]any{}, proxy["resources"]); diff != "" {
			t.Errorf("resources (-want +got):\n%s", diff)
		}
		pod = injected
	}
	if again := mustInject(t, engine, pod); again.Patch != nil {
		t.Errorf("injecting again changes the pod by %s", again.Patch.AppendJSON(nil))
	}
}
