package istio

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Remove undoes an injection by Istio's own injector, as far as the pod shows what that did: it returns the pod as its
// author wrote it, and what Istio's status annotation says of the injection. ok is false, and the pod nil, if the pod
// has none that lists a container of it. workload is the name of what makes the pod, empty if that is not known. The pod
// is not changed. The error says that nothing would be left of it.
//
// Containers, volumes and pull secrets go that the annotation lists; a container that the author had written a part of
// comes back from Istio's own record of it. Probes and the annotations for Prometheus come back from the environment of
// the proxy, with ports by number. Labels and annotations go that are what Istio derives from others, or its defaults.
// What may as well be the author's stays: the network's label, and annotations for the CNI plug-in of other values.
//
// Of what this program's engine injected with Istio's templates, templates.Remove knows more.
func Remove(pod map[string]any, workload string) (removed map[string]any, record templates.Record, ok bool, err error) {
	status, ok := readRecord(pod)
	if !ok {
		return nil, templates.Record{}, false, nil
	}
	record = templates.Record{Revision: cmp.Or(status.Revision, "default"), Containers: status.names()}
	slices.Sort(record.Containers)
	injected := templates.Pod(runtime.DeepCopyJSON(pod))
	// putBack gives containers back as a whole.
	restoreProbes(injected, func(string) map[string]any { return nil }, int64(defaultProxyConfig().GetStatusPort()))
	if found := prometheusAnnotations(injected); found[annotationPrometheusPath] == mergedPath && found[annotationPrometheusScrape] == "true" {
		restorePrometheus(injected)
	}
	securePort := variable(proxyOf(injected), envSecurePort)
	putBack(injected, status.names())
	spec := templates.Child(injected, "spec")
	dropNamed(spec, "volumes", status.Volumes)
	dropNamed(spec, "imagePullSecrets", status.ImagePullSecrets)
	if security, ok := spec["securityContext"].(map[string]any); ok && security["fsGroup"] == int64(defaultProxyID) {
		delete(security, "fsGroup") // of templates before Istio 1.20
		dropEmpty(spec, "securityContext")
	}
	own := injected.In(templates.Containers)
	if len(own) == 0 {
		return nil, record, true, errors.New("no container would be left: all are listed in the annotation " + annotationStatus)
	}
	first, _ := own[0]["name"].(string)
	defaults := map[string]string{
		annotationRevision: record.Revision, annotationDefaultContainer: first, annotationDefaultLogs: first,
		annotationSecurePort: securePort,
	}
	if !slices.Contains(status.names(), initContainer) {
		maps.Copy(defaults, cniDefaults)
		leaveNetwork(injected)
	}
	dropDerived(injected, workload, defaults)
	return injected, record, true, nil
}

// cniDefaults are what Istio tells its CNI plug-in by default, which redirects where no init container does.
var cniDefaults = map[string]string{
	annotationInterceptionMode:                         "REDIRECT",
	"traffic.sidecar.istio.io/includeOutboundIPRanges": "*",
	"traffic.sidecar.istio.io/includeInboundPorts":     "*",
	"traffic.sidecar.istio.io/excludeInboundPorts":     "15020",
}

// The annotation in which Multus reads a pod's networks, and the network with which Istio's plug-in is called for.
const (
	annotationNetworks = "k8s.v1.cni.cncf.io/networks"
	cniNetwork         = "default/istio-cni"
)

// leaveNetwork undoes appendMultusNetwork: in that network a pod without a proxy would reach nobody. It changes the pod.
func leaveNetwork(pod templates.Pod) {
	value, _ := pod.Annotation(annotationNetworks)
	if value == cniNetwork {
		delete(pod.Annotations(), annotationNetworks)
		return
	}
	if before, ok := strings.CutSuffix(value, ", "+cniNetwork); ok {
		pod.Annotations()[annotationNetworks] = before
	}
	if before, ok := strings.CutSuffix(value, `, {"name": "istio-cni", "namespace": "default"}]`); ok {
		pod.Annotations()[annotationNetworks] = before + "]"
	}
}

// record is Istio's status annotation.
type record struct {
	InitContainers   []string `json:"initContainers"`
	Containers       []string `json:"containers"`
	Volumes          []string `json:"volumes"`
	ImagePullSecrets []string `json:"imagePullSecrets"`
	Revision         string   `json:"revision"`
}

// names returns the containers of both lists.
func (r record) names() []string { return slices.Concat(r.InitContainers, r.Containers) }

// readRecord reads the annotation of a pod; ok is false if it is none, or lists no container that is there.
func readRecord(pod templates.Pod) (r record, ok bool) {
	text, _ := pod.Annotation(annotationStatus)
	if utiljson.Unmarshal([]byte(text), &r) != nil {
		return record{}, false
	}
	return r, slices.ContainsFunc(r.names(), func(name string) bool {
		container, _ := pod.Find(name)
		return container != nil
	})
}

// putBack takes the containers of these names out of a pod, and puts those in their place that Istio's annotation says
// the author had written. It changes the pod.
func putBack(pod templates.Pod, names []string) {
	written := writtenBy(pod)
	for _, list := range []string{templates.InitContainers, templates.Containers} {
		var rest []map[string]any
		for _, container := range pod.In(list) {
			name, _ := container["name"].(string)
			if !slices.Contains(names, name) {
				rest = append(rest, container)
			} else if own := written[list][name]; own != nil {
				rest = append(rest, own)
				delete(written[list], name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(written[list])) {
			rest = append(rest, written[list][name]) // it stands in the other list now
		}
		pod.Replace(list, rest)
	}
}

// writtenBy returns the containers that Istio's annotation says the pod's author had written, by list and name. The
// annotation leaves out the image "auto", and has a native proxy among the init containers, wherever its author wrote it.
func writtenBy(pod templates.Pod) map[string]map[string]map[string]any {
	var recorded map[string][]map[string]any
	text, _ := pod.Annotation(annotationOverrides)
	if utiljson.Unmarshal([]byte(text), &recorded) != nil {
		return nil
	}
	written := map[string]map[string]map[string]any{templates.InitContainers: {}, templates.Containers: {}}
	for list := range written {
		for _, container := range recorded[list] {
			name, ok := container["name"].(string)
			if !ok {
				continue
			}
			if container["image"] == nil {
				container["image"] = "auto"
			}
			if name == proxyContainer && container["restartPolicy"] == nil {
				written[templates.Containers][name] = container
			} else {
				written[list][name] = container
			}
		}
	}
	return written
}

// dropDerived takes labels and annotations from a pod that are what Istio makes of others, and the annotations that have
// the values in defaults. It changes the pod.
func dropDerived(pod templates.Pod, workload string, defaults map[string]string) {
	labels, annotations := pod.Labels(), pod.Annotations()
	label := func(keys ...string) string {
		for _, key := range keys {
			if value, _ := labels[key].(string); value != "" {
				return value
			}
		}
		return ""
	}
	name := cmp.Or(label("app.kubernetes.io/name", "app"), workload)
	derived := map[string]string{
		"security.istio.io/tlsMode": "istio", "networking.istio.io/tunnel": "http",
		"service.istio.io/canonical-name":     strings.Trim(name[:min(len(name), 63)], "-_."),
		"service.istio.io/canonical-revision": cmp.Or(label("app.kubernetes.io/version", "version"), "latest"),
	}
	equal := func(values map[string]string) func(key string, value any) bool {
		return func(key string, value any) bool {
			known, ok := values[key]
			return ok && value == known
		}
	}
	maps.DeleteFunc(labels, equal(derived))
	maps.DeleteFunc(annotations, equal(defaults))
	delete(annotations, annotationStatus)
	delete(annotations, annotationOverrides)
	metadata := templates.Child(pod, "metadata")
	dropEmpty(metadata, "labels")
	dropEmpty(metadata, "annotations")
	dropEmpty(pod, "metadata")
}

// dropNamed takes the elements of these names out of a list in a field of an object; an empty list goes with them.
func dropNamed(object map[string]any, key string, names []string) {
	list, ok := object[key].([]any)
	if !ok || len(names) == 0 {
		return
	}
	object[key] = slices.DeleteFunc(list, func(element any) bool {
		name, ok := field(element, "name").(string)
		return ok && slices.Contains(names, name)
	})
	if len(object[key].([]any)) == 0 {
		delete(object, key)
	}
}

// dropEmpty removes an object in a field if it is empty.
func dropEmpty(object map[string]any, key string) {
	if inner, ok := object[key].(map[string]any); ok && len(inner) == 0 {
		delete(object, key)
	}
}
