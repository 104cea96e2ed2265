package istio

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// mergedPath is where the proxy serves its own metrics and the application's.
const mergedPath = "/stats/prometheus"

// scrape says where the application's metrics are, in the form that the proxy reads.
type scrape struct {
	Scrape  string         `json:"scrape"`
	Path    string         `json:"path"`
	Port    string         `json:"port"`
	Targets []scrapeTarget `json:"targets,omitempty"`
}

type scrapeTarget struct {
	Port string `json:"port"`
	Path string `json:"path"`
}

// mergePrometheus hands the pod's annotations for Prometheus over to the proxy and points them at it, so that one
// address gives the metrics of both. It does nothing if the pod or the mesh does not want that, or if the annotations
// name the proxy's port already. The error is an *InputError.
func (i *injector) mergePrometheus(pod templates.Pod) error {
	found := prometheusAnnotations(pod)
	if !i.mergesPrometheus(pod, found) {
		return nil
	}
	own := strconv.Itoa(int(i.mesh.GetDefaultConfig().GetStatusPort()))
	if found[annotationPrometheusPort] == own {
		return nil
	}
	config := scrape{
		Scrape:  found[annotationPrometheusScrape],
		Path:    found[annotationPrometheusPath],
		Port:    found[annotationPrometheusPort],
		Targets: scrapeTargets(found[annotationScrapeTargets]),
	}
	ports := map[string]string{}
	if config.Port != "" {
		ports[config.Port] = annotationPrometheusPort
	}
	if len(config.Targets) > 0 { // older proxies know one target
		config.Port, config.Path = config.Targets[0].Port, config.Targets[0].Path
		ports = map[string]string{}
		for _, target := range config.Targets {
			ports[target.Port] = annotationScrapeTargets
		}
	}
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		if problem := checkScrapePort(port, own); problem != "" {
			return &templates.InputError{Annotation: ports[port], Problem: problem}
		}
	}
	if proxy := proxyOf(pod); proxy != nil && (config.Scrape != "" || config.Path != "" || config.Port != "") {
		text, err := json.Marshal(config)
		if err != nil {
			return fmt.Errorf("encode %s: %w", envPrometheus, err)
		}
		setVariable(proxy, envPrometheus, string(text))
	}
	clearPrometheus(pod)
	pod.Annotations()[annotationPrometheusPort] = own
	pod.Annotations()[annotationPrometheusPath] = mergedPath
	pod.Annotations()[annotationPrometheusScrape] = "true"
	return nil
}

// mergesPrometheus says whether metrics are merged: unless the pod is not scraped, its annotation decides, then the
// mesh. found are the pod's prometheusAnnotations.
func (i *injector) mergesPrometheus(pod templates.Pod, found map[string]string) bool {
	if scraped, err := strconv.ParseBool(found[annotationPrometheusScrape]); err == nil && !scraped {
		return false
	}
	if value, set := pod.Annotation(annotationMergeMetrics); set {
		if merge, err := strconv.ParseBool(value); err == nil {
			return merge
		}
	}
	return i.mesh.GetEnablePrometheusMerge() == nil || i.mesh.GetEnablePrometheusMerge().GetValue()
}

// labelName is what Prometheus makes of an annotation's key. It takes annotations that look alike for the same.
func labelName(key string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, key)
}

// prometheusKeys are the annotations for Prometheus by their labelName.
var prometheusKeys = map[string]string{
	labelName(annotationPrometheusScrape): annotationPrometheusScrape,
	labelName(annotationPrometheusPort):   annotationPrometheusPort,
	labelName(annotationPrometheusPath):   annotationPrometheusPath,
	labelName(annotationScrapeTargets):    annotationScrapeTargets,
}

// prometheusAnnotations returns the pod's annotations for Prometheus, by the keys that prometheusKeys gives. Of two that
// look alike it is the last, in alphabetical order.
func prometheusAnnotations(pod templates.Pod) map[string]string {
	found := map[string]string{}
	all := pod.Annotations()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		known, ok := prometheusKeys[labelName(key)]
		if value, isText := all[key].(string); ok && isText {
			found[known] = value
		}
	}
	return found
}

func clearPrometheus(pod templates.Pod) {
	maps.DeleteFunc(pod.Annotations(), func(key string, _ any) bool { return prometheusKeys[labelName(key)] != "" })
}

// scrapeTargets reads a list of targets, port:path or port, separated by commas. A list with a target that has no port
// is none, as for Istio.
func scrapeTargets(list string) []scrapeTarget {
	var targets []scrapeTarget
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		port, path, _ := strings.Cut(entry, ":")
		target := scrapeTarget{Port: strings.TrimSpace(port), Path: strings.TrimSpace(path)}
		if target.Port == "" {
			return nil
		}
		if target.Path == "" {
			target.Path = "/metrics"
		}
		targets = append(targets, target)
	}
	return targets
}

// checkScrapePort says what is wrong with a port as one of the application; empty if nothing.
func checkScrapePort(port, own string) string {
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return fmt.Sprintf("%q is not a port (1 to 65535)", port)
	}
	of := proxyPorts[n]
	if of == "" && strconv.Itoa(n) == own {
		of = "the merged metrics"
	}
	if of == "" {
		return ""
	}
	return fmt.Sprintf("port %s is the proxy's own, for %s", port, of)
}

// nameSecurePort names the port of the merged metrics over TLS in an annotation, if the proxy has one and the pod does
// not name it itself.
func nameSecurePort(pod templates.Pod) {
	for key := range pod.Annotations() {
		if labelName(key) == labelName(annotationSecurePort) {
			return
		}
	}
	proxy := proxyOf(pod)
	if port := variable(proxy, envSecurePort); port != "" && port != "0" {
		pod.Annotations()[annotationSecurePort] = port
	}
}
