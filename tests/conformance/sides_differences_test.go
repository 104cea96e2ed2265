package conformance

import (
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// sideDifference is a difference between the webhooks that is meant.
type sideDifference struct {
	name, why string
	applies   func(c comparedPod) bool
}

// comparedPod is a pod and what the two webhooks made of it.
type comparedPod struct {
	pod          map[string]any
	theirs, ours outcome
	// istio makes Istio's pod of another one, nil if Istio does not inject it.
	istio func(pod map[string]any) []byte
}

// sideDifferences lists them. There are few, or something is wrong; each is as narrow as it can be said.
func sideDifferences() []sideDifference {
	return []sideDifference{
		{
			"one container, one name",
			"the pod's own istio-proxy stands among the init containers and the sidecar does not, or the other way round; " +
				"Istio makes a pod with two containers of that name, which the API server refuses; ours merges the two",
			func(c comparedPod) bool {
				return c.theirs.patched && c.ours.patched && hasTwins(c.theirs.pod) && !hasTwins(c.ours.pod)
			},
		},
		{
			"injected by another",
			"the pod has Istio's sidecar and Istio's status already; Istio injects it again, we leave it alone",
			func(c comparedPod) bool {
				_, marked := annotationsOf(c.pod)[istiosStatus]
				return marked && !c.ours.patched && !c.ours.denied && c.ours.reason == "injected_by_other"
			},
		},
		{
			"a status is a claim",
			"the pod has Istio's status and no sidecar; Istio believes that containers of these names are its own and drops " +
				"what the pod says of them, ours takes the pod's word for what stands in it",
			func(c comparedPod) bool {
				_, marked := annotationsOf(c.pod)[istiosStatus]
				return marked && c.theirs.patched && c.ours.patched
			},
		},
		{
			"a probe has one handler",
			"a probe or hook of the pod's own istio-proxy has another kind of handler than the injected one; Istio keeps both, which " +
				"the API server refuses; ours keeps the author's alone",
			func(c comparedPod) bool { return equalPods(withOneHandler(c.theirs.pod, c.pod), c.ours.pod) },
		},
		{
			"a default is not an override",
			"a probe of the pod's own istio-proxy sets a field to its default, which a webhook cannot tell from one that the API " +
				"server filled in; Istio takes the default, ours keeps the template's value",
			func(c comparedPod) bool {
				without, ok := withoutProbeDefaults(c.pod)
				return ok && equalPods(withOneHandler(c.istio(without), c.pod), c.ours.pod)
			},
		},
	}
}

// hasTwins says whether two containers of a pod have the same name.
func hasTwins(pod []byte) bool {
	var decoded struct {
		Spec struct{ Containers, InitContainers []struct{ Name string } }
	}
	if json.Unmarshal(pod, &decoded) != nil {
		return false
	}
	names := map[string]bool{}
	for _, container := range append(decoded.Spec.Containers, decoded.Spec.InitContainers...) {
		if names[container.Name] {
			return true
		}
		names[container.Name] = true
	}
	return false
}

// equalPods says whether two pods are there and compare as equal.
func equalPods(theirs, ours []byte) bool {
	if theirs == nil || ours == nil {
		return false
	}
	diff, err := difference(theirs, ours)
	return err == nil && diff == ""
}

// istiosProxy is the container of which an author may write a part.
const istiosProxy = "istio-proxy"

// proxiesOf returns the containers of a pod that have the proxy's name.
func proxiesOf(pod map[string]any) []map[string]any {
	var proxies []map[string]any
	spec, _ := pod["spec"].(map[string]any)
	for _, list := range []string{"initContainers", "containers"} {
		containers, _ := spec[list].([]any)
		for _, container := range containers {
			if c, ok := container.(map[string]any); ok && c["name"] == istiosProxy {
				proxies = append(proxies, c)
			}
		}
	}
	return proxies
}

var (
	probeFields  = []string{"startupProbe", "readinessProbe", "livenessProbe"}
	hookFields   = []string{"postStart", "preStop"}
	handlerKinds = []string{"exec", "httpGet", "tcpSocket", "grpc", "sleep"}
	// probeDefaults are those of the API server.
	probeDefaults = map[string]any{"timeoutSeconds": int64(1), "periodSeconds": int64(10), "failureThreshold": int64(3)}
)

// handlersOf returns the probes and hooks of a container, by the names of their fields.
func handlersOf(container map[string]any) map[string]map[string]any {
	handlers := map[string]map[string]any{}
	add := func(object map[string]any, fields []string) {
		for _, field := range fields {
			if handler, ok := object[field].(map[string]any); ok {
				handlers[field] = handler
			}
		}
	}
	add(container, probeFields)
	lifecycle, _ := container["lifecycle"].(map[string]any)
	add(lifecycle, hookFields)
	return handlers
}

// withOneHandler returns an injected pod in which the author's kind of handler is the only one in each probe and hook of
// the proxy of which the author wrote one; nil if it cannot be read.
func withOneHandler(injected []byte, author map[string]any) []byte {
	var pod map[string]any
	if json.Unmarshal(injected, &pod) != nil {
		return nil
	}
	for _, own := range proxiesOf(author) {
		for field, handler := range handlersOf(own) {
			for _, proxy := range proxiesOf(pod) {
				keepKinds(handlersOf(proxy)[field], handler)
			}
		}
	}
	text, err := json.Marshal(pod)
	if err != nil {
		return nil
	}
	return text
}

// keepKinds removes from a handler the kinds that another does not have, unless that one has none.
func keepKinds(handler, kept map[string]any) {
	if !slices.ContainsFunc(handlerKinds, func(kind string) bool { return kept[kind] != nil }) {
		return
	}
	for _, kind := range handlerKinds {
		if kept[kind] == nil {
			delete(handler, kind)
		}
	}
}

// withoutProbeDefaults returns a copy of a pod without the fields in the probes of its own proxy that are set to their
// defaults, and whether there were any.
func withoutProbeDefaults(pod map[string]any) (without map[string]any, ok bool) {
	without = runtime.DeepCopyJSON(pod)
	for _, proxy := range proxiesOf(without) {
		for _, field := range probeFields {
			probe, _ := proxy[field].(map[string]any)
			for name, value := range probeDefaults {
				if probe[name] == value {
					delete(probe, name)
					ok = true
				}
			}
		}
	}
	return without, ok
}

// annotationsOf returns the annotations of a generated pod.
func annotationsOf(pod map[string]any) map[string]any {
	metadata, _ := pod["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	return annotations
}
