package linkerd

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/tests/conformance/internal/hostile"
)

// hostilePod is a pod of which the template reads as much as it can.
const hostilePod = `
metadata:
  name: web
  generateName: web-5d4f8-
  namespace: shop
  labels: {app.kubernetes.io/name: shop, pod-template-hash: 5d4f8}
  annotations: {linkerd.io/inject: enabled, config.linkerd.io/enable-debug-sidecar: "true"}
  ownerReferences:
  - {apiVersion: apps/v1, kind: StatefulSet, name: web, uid: u, controller: true}
spec:
  initContainers:
  - {name: prepare, image: prepare}
  containers:
  - name: web
    image: web
    ports:
    - {name: http, containerPort: 8080}
    - {name: mysql, containerPort: 3306}
    securityContext: {capabilities: {add: [CHOWN], drop: [ALL]}}
    volumeMounts:
    - {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
  volumes:
  - {name: token, emptyDir: {}}
`

// taken are values that annotations take which do not take every text, one for each structure that is meant.
var taken = map[string][]string{
	"access-log":               {"json", ""},
	"admin-port":               {"7"},
	"close-wait-timeout":       {"7s"},
	"control-port":             {"7"},
	"debug-image-pull-policy":  {"Always"},
	"default-inbound-policy":   {"deny"},
	"enable-debug-sidecar":     {"true", "false"},
	"enable-external-profiles": {"true"},
	"enable-gateway":           {"true", "false"},
	"image-pull-policy":        {"Always"},
	"inbound-port":             {"7"},
	"opaque-ports":             {"7", "nowhere"},
	"outbound-port":            {"7"},
	"proxy-additional-env":     {`[{"name":"A","value":"harmless"}]`, "[]"},
	"proxy-admin-shutdown":     {"enabled"},
	"proxy-await":              {"enabled", "disabled"},
	"proxy-cpu-limit":          {"7"},
	"proxy-cpu-ratio-limit":    {"0.7"},
	"proxy-cpu-request":        {"7"},
	"proxy-disable-inbound-protocol-detect-timeout":  {"true", "false"},
	"proxy-disable-outbound-protocol-detect-timeout": {"true", "false"},
	"proxy-enable-native-sidecar":                    {"true", "false"},
	"proxy-ephemeral-storage-limit":                  {"7"},
	"proxy-ephemeral-storage-request":                {"7"},
	"proxy-gid":                                      {"7", "-1"},
	"proxy-inbound-connect-timeout":                  {"7s"},
	"proxy-inbound-discovery-cache-unused-timeout":   {"7s"},
	"proxy-log-format":                               {"json"},
	"proxy-log-http-headers":                         {"insecure"},
	"proxy-memory-limit":                             {"7"},
	"proxy-memory-request":                           {"7"},
	"proxy-metrics-hostname-labels":                  {"true"},
	"proxy-outbound-connect-timeout":                 {"7s"},
	"proxy-outbound-discovery-cache-unused-timeout":  {"7s"},
	"proxy-require-identity-inbound-ports":           {"7", ""},
	"proxy-uid":                                      {"7"},
	"proxy-wait-before-exit-seconds":                 {"7", "0"},
	"shutdown-grace-period":                          {"7s"},
	"skip-inbound-ports":                             {"7", ""},
	"skip-outbound-ports":                            {"7", ""},
	"skip-subnets":                                   {"10.0.0.0/8", ""},
}

// TestHostile puts values of pods and namespaces into every annotation, and wherever else the template reads.
func TestHostile(t *testing.T) {
	profile, err := templates.BuiltinProfile("linkerd")
	if err != nil {
		t.Fatal(err)
	}
	tracing := map[string]any{"enabled": true, "collector": map[string]any{"endpoint": "collector:4317",
		"meshIdentity": map[string]any{"serviceAccountName": "collector", "namespace": "tracing"}}}
	root := map[string]any{"runAsRoot": true}
	for _, stage := range []hostile.Stage{
		{Name: "native", Values: map[string]any{"proxyInit": root, "proxy": map[string]any{"tracing": tracing}}},
		{Name: "ordinary", Sample: 5, Values: map[string]any{"proxyInit": root, "proxy": map[string]any{"nativeSidecar": false}}},
		{Name: "cni", Sample: 5, Values: map[string]any{"cniEnabled": true, "identity": map[string]any{"serviceAccountTokenProjection": false}}},
	} {
		stage.Profile, stage.Pod, stage.Namespace = "linkerd", hostilePod, metav1.ObjectMeta{Name: "shop"}
		stage.Values["identityTrustAnchorsPEM"] = "roots"
		stage.Forget = func(pod map[string]any) { delete(templates.Pod(pod).Annotations(), profile.Keys.Status) }
		stage.Try(t, append(annotationPlaces(profile), otherPlaces()...))
	}
}

// annotationPlaces are the annotations of pods, and those that namespaces offer them. That which asks for injection is read by
// no template but as one word.
func annotationPlaces(profile *templates.Profile) []hostile.Place {
	keys := []string{"config.linkerd.io/proxy-cpu-ratio-limit", "config.linkerd.io/debug-image", "config.linkerd.io/debug-image-version",
		"config.linkerd.io/debug-image-pull-policy", "config.linkerd.io/enable-gateway", "config.linkerd.io/close-wait-timeout",
		"config.beta.linkerd.io/proxy-enable-native-sidecar", "resource.opentelemetry.io/zone"}
	var places []hostile.Place
	for _, key := range append(keys, profile.NamespaceAnnotations...) {
		if key == profile.Keys.Inject {
			continue
		}
		_, name, _ := strings.Cut(key, "/")
		place := hostile.Place{Harmless: taken[name]}
		if place.Harmless != nil {
			place.Names = key
		}
		place.Name, place.Set = "pod/"+name, func(pod map[string]any, _ *metav1.ObjectMeta, value string) {
			templates.Pod(pod).Annotations()[key] = value
		}
		places = append(places, place)
		place.Name, place.Set = "namespace/"+name, func(_ map[string]any, namespace *metav1.ObjectMeta, value string) {
			namespace.Annotations = map[string]string{key: value}
		}
		places = append(places, place)
	}
	return places
}

// otherPlaces are other fields of the pod that the template reads.
func otherPlaces() []hostile.Place {
	var places []hostile.Place
	for name, set := range map[string]func(pod map[string]any, value string){
		"name":      func(pod map[string]any, value string) { pod["metadata"].(map[string]any)["name"] = value },
		"namespace": func(pod map[string]any, value string) { pod["metadata"].(map[string]any)["namespace"] = value },
		"label":     func(pod map[string]any, value string) { templates.Pod(pod).Labels()["app.kubernetes.io/name"] = value },
		"owner": func(pod map[string]any, value string) {
			pod["metadata"].(map[string]any)["ownerReferences"].([]any)[0].(map[string]any)["name"] = value
		},
		"container": func(pod map[string]any, value string) { webContainer(pod)["name"] = value },
		"image":     func(pod map[string]any, value string) { webContainer(pod)["image"] = value },
		"port": func(pod map[string]any, value string) {
			webContainer(pod)["ports"].([]any)[0].(map[string]any)["name"] = value
		},
		"capability": func(pod map[string]any, value string) {
			webContainer(pod)["securityContext"] = map[string]any{"capabilities": map[string]any{"add": []any{value}, "drop": []any{value}}}
		},
		"mount": func(pod map[string]any, value string) {
			webContainer(pod)["volumeMounts"].([]any)[0].(map[string]any)["name"] = value
		},
		"volume": func(pod map[string]any, value string) {
			pod["spec"].(map[string]any)["volumes"].([]any)[0].(map[string]any)["name"] = value
		},
	} {
		places = append(places, hostile.Place{Name: "field/" + name, Set: func(pod map[string]any, _ *metav1.ObjectMeta, value string) { set(pod, value) }})
	}
	return places
}

func webContainer(pod map[string]any) map[string]any {
	return templates.Pod(pod).In(templates.Containers)[0]
}
