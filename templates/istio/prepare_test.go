package istio

import (
	"testing"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Whatever a pod is like that claims to have been injected, preparing it does not fail.
func TestPrepareSurvivesAnyPod(t *testing.T) {
	i := &injector{sources: Sources{OpenShift: true}, mesh: defaultMesh()}
	for _, pod := range []string{
		`{}`,
		`{"metadata":"x","spec":"y"}`,
		`{"spec":{"containers":"x","initContainers":{}}}`,
		`{"spec":{"containers":["x",null,{"name":1},{"name":"istio-proxy","env":"x","securityContext":[]}]}}`,
		`{"spec":{"containers":[{"name":"istio-proxy","env":["x",{"name":"ISTIO_KUBE_APP_PROBERS","value":1}]}]}}`,
		`{"spec":{"containers":[{"name":"istio-proxy","env":[{"name":"ISTIO_KUBE_APP_PROBERS","value":"[]"}]}]}}`,
		`{"spec":{"containers":[{"name":"istio-proxy","env":[{"name":"ISTIO_KUBE_APP_PROBERS","value":"{\"/app-health/app/livez\":{\"httpGet\":1}}"}]},
			{"name":"app","livenessProbe":{"httpGet":{"path":"/app-health/app/livez"}}}]}}`,
		`{"metadata":{"annotations":{"prometheus.io/port":"15020","prometheus.io/path":"/stats/prometheus","prometheus.io/scrape":"true"}},
			"spec":{"containers":[{"name":"istio-proxy","env":[{"name":"ISTIO_PROMETHEUS_ANNOTATIONS","value":"{\"port\":1}"}]}]}}`,
		`{"spec":{"initContainers":[{"name":"istio-init","args":["-u"]}],"containers":[{"name":"istio-proxy","securityContext":{"runAsUser":0}}]}}`,
		`{"spec":{"initContainers":[{"name":"istio-init","args":["TPROXY","-u",7]}],"containers":[{"name":"istio-proxy","securityContext":{"runAsUser":0}}]}}`,
		`{"spec":{"initContainers":[{"name":"istio-init","args":["TPROXY","-u","99999999999999999999"]}],"containers":[{"name":"istio-proxy"}]}}`,
	} {
		i.prepare(templates.Preparation{Pod: mustDecode(t, []byte(pod)), Recorded: []string{proxyContainer}, Lost: func(string) map[string]any { return nil }})
	}
}
