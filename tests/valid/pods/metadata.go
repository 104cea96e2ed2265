package pods

import (
	"fmt"
	"strings"
)

// metadata makes the metadata of a pod as its controller would.
func (m *builder) metadata(spec map[string]any) map[string]any {
	annotations := m.annotations()
	labels := map[string]any{"app": pick(m, anything)}
	metadata := map[string]any{"namespace": Namespace, "labels": labels, "annotations": annotations}
	for _, empty := range []string{"labels", "annotations"} {
		if m.chance(5) {
			delete(metadata, empty)
		}
	}
	owner := func(version, kind, name string) {
		metadata["generateName"] = name + "-"
		metadata["ownerReferences"] = []any{map[string]any{
			"apiVersion": version, "kind": kind, "name": name, "uid": "5f0c6a1e-0000-4000-8000-000000000001", "controller": true, "blockOwnerDeletion": m.chance(50),
		}}
	}
	switch policy, _ := spec["restartPolicy"].(string); {
	case policy != "" && policy != "Always" && m.chance(70):
		owner("batch/v1", "Job", "nightly")
	case m.chance(50):
		owner("apps/v1", "ReplicaSet", "web-5d4f8c7b9")
		labels["pod-template-hash"] = "5d4f8c7b9"
	default:
		metadata["name"] = "web"
	}
	if m.chance(3) {
		metadata["finalizers"] = []any{"example.com/finalizer"}
	}
	return metadata
}

// Namespace is that of every generated pod.
const Namespace = "shop"

// annotations chooses a few annotations, some of them with a bad value.
func (m *builder) annotations() map[string]any {
	chosen := map[string]any{}
	for _, a := range m.sidecar.Annotations {
		if !m.chance(12) {
			continue
		}
		from := a.Good
		if len(a.Bad) > 0 && m.chance(5) {
			from = a.Bad
		}
		chosen[a.Key] = pick(m, from)
	}
	if m.chance(30) {
		chosen["example.com/team"] = pick(m, []string{"shop", "a: b # c", "x\ny"})
	}
	if m.Intn(300) == 0 {
		chosen["example.com/large"] = strings.Repeat("x", pick(m, []int{100_000, 255_000, 261_900}))
	}
	if m.chance(1) {
		chosen[fmt.Sprintf("container.apparmor.security.beta.kubernetes.io/%s", pick(m, append(m.sidecar.Containers, "app")))] = "runtime/default"
	}
	return chosen
}
