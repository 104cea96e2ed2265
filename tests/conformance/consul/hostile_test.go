package consul

import (
	"regexp"
	"slices"
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
  namespace: shop
  labels: {app: web}
  annotations:
    consul.hashicorp.com/connect-inject: "true"
    consul.hashicorp.com/prometheus-ca-file: /ca
    consul.hashicorp.com/prometheus-ca-path: /cas
    consul.hashicorp.com/prometheus-cert-file: /cert
    consul.hashicorp.com/prometheus-key-file: /key
spec:
  serviceAccountName: web
  initContainers:
  - {name: prepare, image: prepare}
  containers:
  - name: web
    image: web
    env: [{name: A, value: a}]
    ports: [{name: http, containerPort: 8080}]
    livenessProbe: {httpGet: {path: /, port: 8080}}
    volumeMounts:
    - {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
  volumes:
  - {name: token, emptyDir: {}}
`

// taken are values that annotations take which do not take every text, one for each structure that is meant.
var taken = map[string][]string{
	"connect-inject-mount-volume":                             {"web", "none"},
	"connect-service-port":                                    {"http", "7", ""},
	"connect-service-upstreams":                               {"1:30", "none"},
	"consul-dns":                                              {"true", "false"},
	"consul-envoy-proxy-concurrency":                          {"7"},
	"consul-sidecar-user-volume":                              {`[{"name":"harmless","emptyDir":{}}]`, "[]"},
	"consul-sidecar-user-volume-mount":                        {`[{"name":"token","mountPath":"/harmless"}]`, "[]"},
	"enable-consul-dataplane-as-sidecar":                      {"true", "false", ""},
	"enable-metrics":                                          {"true", "false", ""},
	"enable-metrics-merging":                                  {"true", "false", ""},
	"enable-sidecar-proxy-lifecycle":                          {"true", "false", ""},
	"merged-metrics-port":                                     {"7777", ""},
	"prometheus-scrape-port":                                  {"7777", ""},
	"service-metrics-port":                                    {"7777", ""},
	"sidecar-initial-probe-check-delay-seconds":               {"7", "0"},
	"sidecar-probe-check-timeout-seconds":                     {"7", "0"},
	"sidecar-probe-failure-threshold":                         {"7", "0"},
	"sidecar-probe-period-seconds":                            {"7", "0"},
	"sidecar-proxy-cpu-limit":                                 {"7"},
	"sidecar-proxy-cpu-request":                               {"7"},
	"sidecar-proxy-lifecycle-graceful-port":                   {"7777", ""},
	"sidecar-proxy-lifecycle-shutdown-grace-period-seconds":   {"7"},
	"sidecar-proxy-lifecycle-startup-grace-period-seconds":    {"7"},
	"sidecar-proxy-liveness-failure-seconds":                  {"7", "0"},
	"sidecar-proxy-memory-limit":                              {"7"},
	"sidecar-proxy-memory-request":                            {"7"},
	"sidecar-proxy-startup-failure-seconds":                   {"7", "0"},
	"transparent-proxy":                                       {"true", "false"},
	"transparent-proxy-exclude-inbound-ports":                 {"7", ""},
	"transparent-proxy-exclude-outbound-cidrs":                {"10.0.0.0/8", ""},
	"transparent-proxy-exclude-outbound-ports":                {"7", ""},
	"transparent-proxy-exclude-uids":                          {"7", ""},
	"transparent-proxy-overwrite-probes":                      {"true", "false"},
	"enable-sidecar-proxy-lifecycle-shutdown-drain-listeners": {"true", "false", ""},
}

// TestHostile puts values of pods and namespaces into every annotation, and wherever else the template reads.
func TestHostile(t *testing.T) {
	profile, err := templates.BuiltinProfile("consul")
	if err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	merged := object{"enabled": true, "merging": true}
	for _, stage := range []hostile.Stage{
		{Name: "redirected", Values: object{"metrics": merged, "consul": object{"authMethod": "k8s"}, "startupFailureSeconds": int64(5), "livenessFailureSeconds": int64(5)}},
		{Name: "native", Sample: 9, Values: object{"cni": object{"enabled": true}, "native": object{"enabled": true}}},
		{Name: "plain", Sample: 9, Values: object{"transparentProxy": object{"enabled": false}, "lifecycle": object{"enabled": false}, "consul": object{"authMethod": "k8s",
			"namespaces": object{"enabled": true, "mirroring": true}}}},
	} {
		stage.Profile, stage.Pod, stage.Namespace = "consul", hostilePod, metav1.ObjectMeta{Name: "shop"}
		stage.Forget = func(pod map[string]any) { delete(templates.Pod(pod).Annotations(), profile.Keys.Status) }
		stage.Try(t, append(annotationPlaces(profile), otherPlaces()...))
	}
}

// readKeys finds the annotations that the template reads.
var readKeys = regexp.MustCompile(`"consul\.hashicorp\.com/([a-z-]+)"`)

// annotationPlaces are the annotations of pods, and the labels of namespaces.
func annotationPlaces(profile *templates.Profile) []hostile.Place {
	names := []string{"sidecar-proxy-cpu-limit", "sidecar-proxy-cpu-request", "sidecar-proxy-memory-limit", "sidecar-proxy-memory-request"}
	for _, found := range readKeys.FindAllStringSubmatch(profile.Templates["consul"], -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	var places []hostile.Place
	for _, name := range slices.Compact(names) {
		key := "consul.hashicorp.com/" + name
		place := hostile.Place{Name: "pod/" + name, Harmless: taken[name], Set: func(pod map[string]any, _ *metav1.ObjectMeta, value string) {
			if name == "envoy-extra-args" { // one argument of several; more of them are more by intention
				value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
			}
			templates.Pod(pod).Annotations()[key] = value
		}}
		if place.Harmless != nil {
			place.Names = key
		}
		places = append(places, place)
		if name == "consul-dns" || name == "transparent-proxy" {
			place.Name, place.Set = "namespace/"+name, func(_ map[string]any, namespace *metav1.ObjectMeta, value string) {
				namespace.Labels = map[string]string{key: value}
			}
			places = append(places, place)
		}
	}
	return places
}

// oneUpstream makes the name of one upstream of a text.
var oneUpstream = strings.NewReplacer(" ", "_", ",", "_", "\n", "_", ":", "_")

// upstreams are the harmless values of the place upstream, whose value is there in capitals too.
var upstreams = map[string][]string{"upstream": {strings.ToUpper(hostile.Harmless)}}

// otherPlaces are other fields of the pod that the template reads, and parts of annotations.
func otherPlaces() []hostile.Place {
	web := func(pod map[string]any) map[string]any { return templates.Pod(pod).In(templates.Containers)[0] }
	element := func(pod map[string]any, list string) map[string]any {
		return web(pod)[list].([]any)[0].(map[string]any)
	}
	var places []hostile.Place
	for name, set := range map[string]func(pod map[string]any, value string){
		"name":            func(pod map[string]any, value string) { pod["metadata"].(map[string]any)["name"] = value },
		"label":           func(pod map[string]any, value string) { templates.Pod(pod).Labels()["app"] = value },
		"service account": func(pod map[string]any, value string) { pod["spec"].(map[string]any)["serviceAccountName"] = value },
		"container":       func(pod map[string]any, value string) { web(pod)["name"] = value },
		"init container": func(pod map[string]any, value string) {
			templates.Pod(pod).In(templates.InitContainers)[0]["name"] = value
		},
		"image": func(pod map[string]any, value string) { web(pod)["image"] = value },
		"port":  func(pod map[string]any, value string) { element(pod, "ports")["name"] = value },
		"variable": func(pod map[string]any, value string) {
			element(pod, "env")["name"] = value
			templates.Pod(pod).Annotations()["consul.hashicorp.com/connect-service-upstreams"] = "db:7"
		},
		"mount": func(pod map[string]any, value string) {
			web(pod)["volumeMounts"] = append(web(pod)["volumeMounts"].([]any), map[string]any{"name": "token", "mountPath": value})
			templates.Pod(pod).Annotations()["consul.hashicorp.com/connect-inject-mount-volume"] = "web"
		},
		"volume": func(pod map[string]any, value string) {
			templates.Pod(pod).In("volumes")[0]["name"] = value
			element(pod, "volumeMounts")["name"] = value
		},
		"upstream": func(pod map[string]any, value string) {
			templates.Pod(pod).Annotations()["consul.hashicorp.com/connect-service-upstreams"] = oneUpstream.Replace(value) + ":7"
		},
	} {
		places = append(places, hostile.Place{Name: "field/" + name, Harmless: upstreams[name], Set: func(pod map[string]any, _ *metav1.ObjectMeta, value string) { set(pod, value) }})
	}
	return places
}
