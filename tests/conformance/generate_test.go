package conformance

import (
	"fmt"
	"math/rand/v2"
)

// generator makes pods at random. The same seed makes the same pods.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, seed))} }

// chance is true so many times of a hundred.
func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

// pod makes a pod and its namespace.
func (g generator) pod() (pod map[string]any, namespace string) {
	namespace = pick(g, "shop", "shop", "default", "test-ns")
	metadata := map[string]any{"labels": g.words(labelWords(), 15, 0), "annotations": g.words(annotationWords(), 5, 10)}
	if g.chance(10) {
		delete(metadata, "labels")
	}
	if g.chance(10) {
		delete(metadata, "annotations")
	}
	if g.chance(50) {
		metadata["namespace"] = namespace
	}
	if annotations, _ := metadata["annotations"].(map[string]any); annotations["prometheus.io/scrape"] != nil {
		delete(annotations, "prometheus.io.scrape") // the same to Istio, which takes one of the two at random
	}
	g.own(metadata)
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": g.spec()}, namespace
}

// words chooses each word with a chance of so many percent, and so many percent of those with an invalid value.
func (g generator) words(from []word, percent, invalid int) map[string]any {
	chosen := map[string]any{}
	for _, w := range from {
		if !g.chance(percent) {
			continue
		}
		values := w.valid
		if len(w.invalid) > 0 && g.chance(invalid) {
			values = w.invalid
		}
		chosen[w.key] = pick(g, values...)
	}
	return chosen
}

// own names the pod as its controller would.
func (g generator) own(metadata map[string]any) {
	owner := func(version, kind, name string) {
		metadata["generateName"] = name + "-"
		metadata["ownerReferences"] = []any{
			map[string]any{"apiVersion": "example.com/v1", "kind": "Other", "name": "other", "uid": "u0"},
			map[string]any{"apiVersion": version, "kind": kind, "name": name, "uid": "u1", "controller": true},
		}
	}
	label := func(key, value string) {
		labels, _ := metadata["labels"].(map[string]any)
		if labels == nil {
			labels = map[string]any{}
			metadata["labels"] = labels
		}
		labels[key] = value
	}
	switch g.IntN(10) {
	case 0, 1, 2:
		owner("apps/v1", "ReplicaSet", "web-5d4f8c7b9")
		label("pod-template-hash", "5d4f8c7b9")
	case 3:
		owner("apps/v1", "ReplicaSet", "lonely-replicas")
	case 4:
		owner("apps/v1", "StatefulSet", "store")
	case 5:
		owner("batch/v1", "Job", pick(g, "nightly-28012345", "once"))
	case 6:
		owner("v1", "ReplicationController", "config-3")
		label("deploymentconfig", "config")
	case 7:
		owner("argoproj.io/v1alpha1", "ReplicaSet", "canary-77f6d")
		label("rollouts-pod-template-hash", "77f6d")
	case 8:
		owner("apps/v1", "DaemonSet", fmt.Sprintf("agent-%s", pick(g, "a", "with-a-name-that-is-longer-than-the-sixty-three-characters-of-a-label")))
	default:
		metadata["name"] = "plain"
	}
}

func (g generator) spec() map[string]any {
	spec := map[string]any{}
	var containers []any
	for i := range 1 + g.IntN(3) {
		containers = append(containers, g.container(pick(g, "app", "web", "side")+fmt.Sprint(i)))
	}
	var inits []any
	for i := range g.IntN(3) {
		container := map[string]any{"name": fmt.Sprintf("prepare%d", i), "image": "prepare"}
		if g.chance(20) {
			container["restartPolicy"] = "Always"
			container["startupProbe"] = g.probe()
		}
		inits = append(inits, container)
	}
	if g.chance(25) {
		override := g.override()
		switch g.IntN(4) {
		case 0:
			inits = append(inits, override)
		case 1:
			containers = append([]any{override}, containers...)
		default:
			containers = append(containers, override)
		}
	}
	if g.chance(5) {
		inits = append(inits, map[string]any{"name": "istio-init", "image": "auto", "resources": map[string]any{"limits": map[string]any{"cpu": "50m"}}})
	}
	spec["containers"] = containers
	if inits != nil {
		spec["initContainers"] = inits
	}
	g.podFields(spec)
	return spec
}

// podFields sets fields of the pod beside its containers.
func (g generator) podFields(spec map[string]any) {
	set := func(percent int, field string, value any) {
		if g.chance(percent) {
			spec[field] = value
		}
	}
	set(30, "volumes", []any{map[string]any{"name": "data", "emptyDir": map[string]any{}}, map[string]any{"name": "cfg", "configMap": map[string]any{"name": "cfg"}}})
	set(5, "volumes", []any{map[string]any{"name": "istio-data", "emptyDir": map[string]any{"medium": "Memory"}}})
	set(20, "serviceAccountName", "robot")
	set(10, "imagePullSecrets", []any{map[string]any{"name": "mine"}})
	set(3, "hostNetwork", true)
	set(5, "dnsPolicy", "None")
	set(15, "securityContext", map[string]any{"runAsUser": int64(1000), "fsGroup": int64(2000)})
	set(10, "terminationGracePeriodSeconds", int64(45))
	set(10, "nodeName", "node-1")
	set(10, "restartPolicy", "OnFailure")
	set(10, "shareProcessNamespace", true)
}
