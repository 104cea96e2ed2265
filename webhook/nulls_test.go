package webhook

import (
	"fmt"
	"net/http"
	"testing"
)

// TestHandlerRefusesNullElements puts a null into each list of a pod, those of the injector's own containers too, for
// a native sidecar and an ordinary one. The element is named, and no template sees the pod.
func TestHandlerRefusesNullElements(t *testing.T) {
	const full = `{"apiVersion": "v1", "kind": "Pod",
		"metadata": {"name": "a", "namespace": "shop", "finalizers": ["x"], "ownerReferences": [{"name": "o"}], "annotations": {%q: "true", "sidecar.istio.io/nativeSidecar": %q}},
		"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}]}}],
			"imagePullSecrets": [{"name": "s"}], "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["h"]}], "tolerations": [{"key": "k"}],
			"securityContext": {"supplementalGroups": [1], "sysctls": [{"name": "n", "value": "v"}]},
			"initContainers": [%s, {"name": "sidecar-init", "env": [{"name": "e"}], "args": ["a"]}],
			"containers": [%s, {"name": "sidecar-proxy", "ports": [{"containerPort": 1}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}}`
	const container = `{"name": %q, "image": "i", "args": ["a"], "command": ["c"], "env": [{"name": "e"}], "envFrom": [{"prefix": "p"}], "ports": [{"containerPort": 80}],
		"volumeMounts": [{"name": "v", "mountPath": "/v"}], "securityContext": {"capabilities": {"add": ["A"], "drop": ["B"]}},
		"livenessProbe": {"exec": {"command": ["c"]}, "httpGet": {"port": 80, "httpHeaders": [{"name": "n", "value": "v"}]}}}`
	server := serveConfig(t, "")
	for _, native := range []string{"true", "false"} {
		pod := decode(t, fmt.Appendf(nil, full, injectKey, native, fmt.Sprintf(container, "first"), fmt.Sprintf(container, "app")))
		lists := 0
		eachList("", pod, func(path string, list []any) {
			lists++
			for _, at := range []int{0, len(list) - 1} {
				element := list[at]
				list[at] = nil
				response := server.admit(t, ScopePod, pod)
				list[at] = element
				want := fmt.Sprintf("%s[%d] is null, which no element of a list can be", path, at)
				if response.Allowed || response.Result.Code != http.StatusBadRequest || response.Result.Message != want {
					t.Errorf("native %s: allowed %v, %+v, want a refusal with %q", native, response.Allowed, response.Result, want)
				}
			}
		})
		if lists < 30 {
			t.Errorf("%d lists", lists)
		}
	}
}

// eachList calls do with each list in a value, which stands at path.
func eachList(path string, value any, do func(path string, list []any)) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if path != "" {
				key = path + "." + key
			}
			eachList(key, inner, do)
		}
	case []any:
		do(path, value)
		for i, inner := range value {
			eachList(fmt.Sprintf("%s[%d]", path, i), inner, do)
		}
	}
}
