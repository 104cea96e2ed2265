package istio

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// recordStatus writes Istio's status annotation: the names of what the templates put into the pod.
func (i *injector) recordStatus(in *templates.Injection) error {
	status, err := json.Marshal(record{
		in.Injected[templates.InitContainers], in.Injected[templates.Containers],
		in.Injected["volumes"], in.Injected["imagePullSecrets"], i.sources.Revision,
	})
	if err != nil {
		return fmt.Errorf("encode the status annotation: %w", err)
	}
	in.Pod.Annotations()[annotationStatus] = string(status)
	return nil
}

// recordOverrides writes Istio's annotation of what the pod's author said of injected containers, once. It is never read
// here, and one that the pod came with is taken away.
func recordOverrides(in *templates.Injection) error {
	if in.Again {
		return nil
	}
	var overrides struct {
		Containers     []corev1.Container `json:"containers,omitempty"`
		InitContainers []corev1.Container `json:"initContainers,omitempty"`
	}
	for list, into := range map[string]*[]corev1.Container{
		templates.Containers: &overrides.Containers, templates.InitContainers: &overrides.InitContainers,
	} {
		for _, name := range in.Injected[list] {
			if in.Overrides[name] == nil {
				continue
			}
			var typed corev1.Container
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(in.Overrides[name], &typed); err != nil {
				return fmt.Errorf("decode container %q: %w", name, err)
			}
			*into = append(*into, typed)
		}
	}
	if len(overrides.Containers)+len(overrides.InitContainers) == 0 {
		delete(in.Pod.Annotations(), annotationOverrides)
		return nil
	}
	text, err := json.Marshal(overrides)
	if err != nil {
		return fmt.Errorf("encode the overrides annotation: %w", err)
	}
	in.Pod.Annotations()[annotationOverrides] = string(text)
	return nil
}
