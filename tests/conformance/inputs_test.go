package conformance

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"
)

// harmless is what stands at a place when nothing is tried there.
const harmless = "harmless"

// input is a place in a pod that templates read and whose value its author controls.
type input struct {
	name string
	// set puts a value there.
	set func(pod map[string]any, value string)
	// fallbacks are values for the comparison where "harmless" is refused: one for each structure that is meant.
	fallbacks []string
	// bareIn names the templates that put the value in a plain scalar, where there is no way to write every string:
	// there it may be refused.
	bareIn []string
}

// hostileInputs are all places.
func hostileInputs() []input {
	return slices.Concat(annotationInputs(), embeddedInputs(), labelInputs(), otherInputs())
}

// annotationInputs are the annotations, the value as a whole.
func annotationInputs() []input {
	// The annotations that a template puts in a plain scalar.
	bare := []string{
		"sidecar.istio.io/logLevel", "sidecar.istio.io/componentLogLevel", "sidecar.istio.io/agentLogLevel",
		"sidecar.istio.io/bootstrapOverride", "status.sidecar.istio.io/port", "readiness.status.sidecar.istio.io/initialDelaySeconds",
		"readiness.status.sidecar.istio.io/periodSeconds", "readiness.status.sidecar.istio.io/failureThreshold",
	}
	var inputs []input
	for _, word := range annotationWords() {
		if word.key == "sidecar.istio.io/proxyImage" {
			continue // among those whose value is only a part
		}
		annotation := input{
			name:      "annotation " + word.key,
			set:       func(pod map[string]any, value string) { metadataOf(pod, "annotations")[word.key] = value },
			fallbacks: fallbacksOf(word),
		}
		if slices.Contains(bare, word.key) {
			annotation.bareIn = hostileTemplates
		}
		inputs = append(inputs, annotation)
	}
	return inputs
}

// fallbacksOf returns values of a word that change as little as can be.
func fallbacksOf(w word) []string {
	switch w.key {
	case "proxy.istio.io/config", "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount", "apm.datadoghq.com/env":
		return []string{"{}"}
	case "prometheus.istio.io/scrape-targets":
		return []string{"9090", ","} // a target, and a list of nothing
	case "status.sidecar.istio.io/port":
		return []string{"15099"}
	}
	for _, value := range w.valid {
		if value != "" && value != "0" {
			return []string{value}
		}
	}
	return nil
}

// embeddedInputs are strings within annotations that hold JSON or YAML, and parts of values.
func embeddedInputs() []input {
	inJSON := func(key string, document func(value string) any) func(map[string]any, string) {
		return func(pod map[string]any, value string) {
			text, err := json.Marshal(document(value))
			if err != nil {
				panic(err) // strings and maps always encode
			}
			metadataOf(pod, "annotations")[key] = string(text)
		}
	}
	type object = map[string]any
	const volume, mount, env, config = "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount", "apm.datadoghq.com/env", "proxy.istio.io/config"
	inputs := []input{
		{name: volume + ", a name", set: inJSON(volume, func(v string) any { return object{v: object{"emptyDir": object{}}} })},
		{name: volume + ", a value", set: inJSON(volume, func(v string) any { return object{"mine": object{"configMap": object{"name": v}}} })},
		{name: mount + ", a name", set: inJSON(mount, func(v string) any { return object{v: object{"mountPath": "/mine"}} })},
		{name: mount + ", a value", set: inJSON(mount, func(v string) any { return object{"mine": object{"mountPath": v}} })},
		{name: env + ", a name", bareIn: hostileTemplates, set: inJSON(env, func(v string) any { return object{v: "x"} })},
		{name: env + ", a value", set: inJSON(env, func(v string) any { return object{"DD_ENV": v} })},
		{name: config + ", a name of proxyMetadata", bareIn: hostileTemplates, set: inJSON(config, func(v string) any { return object{"proxyMetadata": object{v: "x"}} })},
		{name: config + ", a value of proxyMetadata", set: inJSON(config, func(v string) any { return object{"proxyMetadata": object{"MINE": v}} })},
		{name: config + ", binaryPath", set: inJSON(config, func(v string) any { return object{"binaryPath": v} })},
		{name: config + ", image.imageType", set: inJSON(config, func(v string) any { return object{"image": object{"imageType": v}} })},
		{name: config + ", tracing's caCertificates", bareIn: hostileTemplates, set: inJSON(config, func(v string) any {
			return object{"tracing": object{"tlsSettings": object{"mode": "SIMPLE", "caCertificates": "/" + v + "/ca.pem"}}}
		})},
		{name: "prometheus.istio.io/scrape-targets, a path", set: func(pod map[string]any, value string) {
			metadataOf(pod, "annotations")["prometheus.istio.io/scrape-targets"] = "9090:/" + value
		}},
		{name: "k8s.v1.cni.cncf.io/networks, a name", set: inJSON("k8s.v1.cni.cncf.io/networks", func(v string) any { return []object{{"name": v}} })},
		// The image is taken if there is a slash in it.
		{name: "annotation sidecar.istio.io/proxyImage", set: func(pod map[string]any, value string) {
			metadataOf(pod, "annotations")["sidecar.istio.io/proxyImage"] = "example.com/" + value
		}},
	}
	return inputs
}

func labelInputs() []input {
	var inputs []input
	for _, word := range append(labelWords(), word{key: "pod-template-hash"}, word{key: "deploymentconfig"}, word{key: "rollouts-pod-template-hash"}) {
		if word.key == "sidecar.istio.io/inject" {
			continue // it decides, no template reads it
		}
		inputs = append(inputs, input{
			name: "label " + word.key,
			set:  func(pod map[string]any, value string) { metadataOf(pod, "labels")[word.key] = value },
		})
	}
	return inputs
}

func otherInputs() []input {
	owner := func(field string) func(map[string]any, string) {
		return func(pod map[string]any, value string) {
			reference := map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "store", "uid": "u", "controller": true}
			reference[field] = value
			metadata := pod["metadata"].(map[string]any)
			metadata["generateName"] = "store-"
			metadata["ownerReferences"] = []any{reference}
		}
	}
	app := func(pod map[string]any) map[string]any {
		return pod["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
	}
	return []input{
		{name: "owner's name", bareIn: hostileTemplates, set: owner("name")},
		{name: "owner's kind", bareIn: hostileTemplates, set: owner("kind")},
		{name: "owner's apiVersion", bareIn: hostileTemplates, set: owner("apiVersion")},
		{name: "pod's name", bareIn: hostileTemplates, set: func(pod map[string]any, value string) { pod["metadata"].(map[string]any)["name"] = value }},
		{name: "pod's namespace", bareIn: hostileTemplates, set: func(pod map[string]any, value string) { pod["metadata"].(map[string]any)["namespace"] = value }},
		{name: "service account", bareIn: hostileTemplates, set: func(pod map[string]any, value string) { pod["spec"].(map[string]any)["serviceAccountName"] = value }},
		{name: "container's name", bareIn: []string{"grpc-agent", "grpc-simple"}, set: func(pod map[string]any, value string) { app(pod)["name"] = value }},
		{name: "container's image", set: func(pod map[string]any, value string) { app(pod)["image"] = "app:" + value }},
		{name: "port's name", set: func(pod map[string]any, value string) {
			app(pod)["ports"] = []any{map[string]any{"containerPort": 80, "name": value}}
		}},
		{name: "probe's path", set: func(pod map[string]any, value string) {
			app(pod)["livenessProbe"] = map[string]any{"httpGet": map[string]any{"port": 80, "path": value}}
		}},
		{name: "sidecar's ENVOY_SECURE_MERGED_METRICS_PORT", set: func(pod map[string]any, value string) {
			spec := pod["spec"].(map[string]any)
			spec["containers"] = append(spec["containers"].([]any), map[string]any{"name": "istio-proxy", "image": "auto",
				"env": []any{map[string]any{"name": "ENVOY_SECURE_MERGED_METRICS_PORT", "value": value}}})
		}},
	}
}

// hostilePod is the pod in which values are put.
func hostilePod(template string) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{
			"name": "pod", "namespace": "shop", "labels": map[string]any{},
			"annotations": map[string]any{"inject.istio.io/templates": template},
		},
		"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app:1"}}},
	}
}

// metadataOf returns the pod's labels or annotations.
func metadataOf(pod map[string]any, field string) map[string]any {
	return pod["metadata"].(map[string]any)[field].(map[string]any)
}

// readKeys finds the annotations and labels that a template reads.
var readKeys = regexp.MustCompile("\\.ObjectMeta(?:\\.(?:Annotations|Labels))? [`\"]([^`\"]+)[`\"]")

// TestInputsAreAll holds the inputs against the templates of Istio that pods are injected with: no annotation and no
// label that they read is forgotten.
func TestInputsAreAll(t *testing.T) {
	c, err := renderChart(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Templates map[string]string `json:"templates"`
	}
	if err := yaml.Unmarshal([]byte(c.config), &config); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, input := range hostileInputs() {
		known[input.name] = true
	}
	for _, template := range hostileTemplates {
		if config.Templates[template] == "" {
			t.Errorf("Istio's configuration has no template %q", template)
		}
		for _, match := range readKeys.FindAllStringSubmatch(config.Templates[template], -1) {
			if !known["annotation "+match[1]] && !known["label "+match[1]] {
				t.Errorf("template %q reads %q, which is no input here", template, match[1])
			}
		}
	}
	if t.Failed() {
		fmt.Println("there are:", keysOf(config.Templates))
	}
}
