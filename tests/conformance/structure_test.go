package conformance

import (
	"fmt"

	"github.com/sidecar-injector/sidecar-injector/tests/conformance/internal/hostile"
)

// fate is what became of a hostile value.
type fate string

const (
	kept     fate = "kept in its place"
	denied   fate = "denied"
	brokeOut fate = "broke out"
	panicked fate = "panicked"
)

// judge says what became of a hostile value, and where it broke out: where its pod has the structure of none of those
// with harmless values.
func judge(harmless benign, o outcome) (fate, string) {
	switch {
	case o.panicked != nil:
		return panicked, fmt.Sprint(o.panicked)
	case o.denied:
		return denied, o.message
	}
	pod, err := hostileTree(o.pod)
	if err != nil {
		return brokeOut, err.Error()
	}
	problem := ""
	for _, value := range keysOf(harmless) {
		if problem = hostile.Difference(harmless[value], pod, value); problem == "" {
			return kept, ""
		}
	}
	return brokeOut, problem
}

// hostileTree decodes a pod for a comparison of structures. Our marker holds marks of contents, and Istio's status the
// names of containers and volumes: neither is compared.
func hostileTree(pod []byte) (map[string]any, error) {
	decoded, err := comparablePod(pod)
	if err != nil {
		return nil, err
	}
	return tree(decoded)
}
