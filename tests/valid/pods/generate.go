package pods

import (
	"encoding/json"
	"fmt"
	"math/rand"

	corev1 "k8s.io/api/core/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Sidecar says with what of a sidecar the generated pods collide. Its lists may be empty.
type Sidecar struct {
	// Containers are the names of the injected containers, which a pod may use to override them.
	Containers []string
	// Ports and PortNames are those of the injected containers.
	Ports     []int64
	PortNames []string
	// Volumes and MountPaths are those that injection adds.
	Volumes, MountPaths []string
	// Users are the ids with which the injected containers run.
	Users []int64
	// Annotations are those that the injector reads.
	Annotations []Annotation
}

// Annotation is an annotation with values that it is given.
type Annotation struct {
	Key string
	// Good values are taken by the injector; Bad ones may be refused.
	Good, Bad []string
}

// Generator makes pods. It is immutable and safe for concurrent use.
type Generator struct {
	// Seed chooses the pods: the same seed and index make the same pod.
	Seed    int64
	Sidecar Sidecar
}

// builder makes one pod.
type builder struct {
	*rand.Rand
	sidecar *Sidecar
	// path are the fields that lead to the value being made, without indexes.
	path []string
}

// Pod makes the pod with the index as a client would send it: a raw object, decoded as apimachinery's util/json does. It
// need not be valid.
func (g Generator) Pod(index int) (map[string]any, error) {
	source := rand.NewSource(g.Seed<<32 + int64(index))
	m := &builder{Rand: rand.New(source), sidecar: &g.Sidecar}
	var spec corev1.PodSpec
	newFiller(source).Fill(&spec)
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode the generated pod %d: %w", index, err)
	}
	var raw map[string]any
	if err := utiljson.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("decode the generated pod %d: %w", index, err)
	}
	m.walk(raw)
	m.agree(raw)
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": m.metadata(raw), "spec": raw}, nil
}

// chance is true so many times of a hundred.
func (m *builder) chance(percent int) bool { return m.Intn(100) < percent }

func pick[T any](m *builder, from []T) T { return from[m.Intn(len(from))] }
