package istio

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// prepare is the hook that undoes on a pod that was injected before what finish did to its author's own fields. All of
// it is read off the pod itself, and says no more than what the proxy does in the pod anyway: who forges it gains
// nothing.
func (i *injector) prepare(p templates.Preparation) templates.Pod {
	again := slices.Contains(p.Recorded, proxyContainer)
	if !again && !i.sources.OpenShift {
		return p.Pod
	}
	pod := p.Pod.Editable()
	if i.sources.OpenShift {
		forgetAssignedUser(pod)
	}
	if !again {
		return pod
	}
	restoreProbes(pod, p.Lost, int64(i.mesh.GetDefaultConfig().GetStatusPort()))
	if i.prometheusIsOurs(pod) {
		restorePrometheus(pod)
	}
	restoreUser(pod)
	return pod
}

// forgetAssignedUser takes user and group from the proxy's container as its author wrote it, if its user is the
// application's: OpenShift gives all containers the same one, and the proxy needs another.
func forgetAssignedUser(pod templates.Pod) {
	proxy := proxyOf(pod)
	security, ok := proxy["securityContext"].(map[string]any)
	if !ok {
		return
	}
	var ofProxy, ofApplication int64
	for _, list := range []string{templates.Containers, templates.InitContainers} {
		for _, container := range pod.In(list) {
			user, ok := field(container, "securityContext", "runAsUser").(int64)
			switch name := container["name"]; {
			case !ok:
			case name == proxyContainer:
				ofProxy = user
			case name != validationContainer && name != initContainer:
				ofApplication = user
			}
		}
	}
	if ofProxy == ofApplication {
		delete(security, "runAsUser")
		delete(security, "runAsGroup")
	}
}

// restoreProbes gives the probes that ask the agent their own form back, which the agent's environment has, or, for a
// port that a container written over an injected one does not name, what is lost of it. There ports are numbers; the
// agent's, own, was a name in a probe that has been rewritten, and is one again.
func restoreProbes(pod templates.Pod, lost func(container string) map[string]any, own int64) {
	var probers map[string]map[string]any
	if json.Unmarshal([]byte(variable(proxyOf(pod), envProbers)), &probers) != nil {
		probers = nil
	}
	eachHandler(pod, func(container, handler map[string]any, at probeSite, _, url string) {
		if field(handler, "httpGet", "path") != url {
			return
		}
		original, ok := probers[url]
		if !ok {
			name, _ := container["name"].(string)
			original, _ = field(lost(name), at.path...).(map[string]any)
		}
		kind := kindOf(original, false)
		action, _ := original[kind].(map[string]any)
		if action == nil || !ok && kind == "httpGet" { // which the engine keeps
			return
		}
		if port, ok := action["port"].(float64); ok {
			action["port"] = int64(port)
		}
		if kind != "grpc" && action["port"] == own {
			action["port"] = nameOfPort(container, own)
		}
		delete(handler, "httpGet")
		handler[kind] = action
	})
}

// prometheusIsOurs says that the pod's annotations for Prometheus point at the proxy.
func (i *injector) prometheusIsOurs(pod templates.Pod) bool {
	found := prometheusAnnotations(pod)
	return found[annotationPrometheusPort] == strconv.Itoa(int(i.mesh.GetDefaultConfig().GetStatusPort())) &&
		found[annotationPrometheusPath] == mergedPath && found[annotationPrometheusScrape] == "true" && i.mergesPrometheus(pod, found)
}

// restorePrometheus gives the annotations for Prometheus, which point at the proxy, their own form back, which the
// proxy's environment has.
func restorePrometheus(pod templates.Pod) {
	clearPrometheus(pod)
	var config scrape
	if json.Unmarshal([]byte(variable(proxyOf(pod), envPrometheus)), &config) != nil {
		return
	}
	original := map[string]string{annotationPrometheusScrape: config.Scrape}
	if len(config.Targets) == 0 {
		original[annotationPrometheusPort], original[annotationPrometheusPath] = config.Port, config.Path
	}
	var targets []string
	for _, target := range config.Targets {
		targets = append(targets, target.Port+":"+target.Path)
	}
	original[annotationScrapeTargets] = strings.Join(targets, ",")
	for key, value := range original {
		if value != "" {
			pod.Annotations()[key] = value
		}
	}
}

// restoreUser gives a proxy that had to run as root, for TPROXY, the user back that its author gave it: the argument
// behind -u is it.
func restoreUser(pod templates.Pod) {
	mode, _ := pod.Annotation(annotationInterceptionMode)
	redirect := redirectOf(pod)
	user, ok := userArgument(redirect)
	args, _ := redirect["args"].([]any)
	transparent := mode == "TPROXY" || slices.Contains(args, any("TPROXY"))
	if ok && transparent && user != defaultProxyID && field(proxyOf(pod), "securityContext", "runAsUser") == int64(0) {
		securityOf(proxyOf(pod))["runAsUser"] = user
	}
}
