package templates

import (
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/internal/quote"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// Data is what a template sees. The names are those that authors of Istio's templates know, but for Namespace.
// Templates must not change it: maps are shared between renderings.
type Data struct {
	// TypeMeta is the kind and version of the pod.
	TypeMeta metav1.TypeMeta
	// ObjectMeta is the pod's metadata. Its annotations include those inherited from the namespace, and its namespace is
	// filled in.
	ObjectMeta metav1.ObjectMeta
	// Spec is the pod's specification, without what an earlier injection put there.
	Spec corev1.PodSpec
	// Namespace is the metadata of the pod's namespace as far as it is known; the name always is.
	Namespace metav1.ObjectMeta
	// Owner is the workload that the pod belongs to, as far as the pod says.
	Owner Owner
	// Inherited are the annotations of the namespace that its pods inherit. Where the pod has one itself, that one counts, and
	// is among those of ObjectMeta.
	Inherited map[string]string
	// Values are the profile's defaults under the values of the configuration.
	Values map[string]any
	// Revision is the name of this injector, "default" unless set.
	Revision string
	// NativeSidecars says whether the sidecar is to be an init container that keeps running.
	NativeSidecars bool
	// Warnings are what the pod's author is told besides; the hook Model may append to them.
	Warnings []string
}

// newData builds the data of one pod. The pod is not changed and not kept.
func (e *Engine) newData(pod map[string]any, namespace metav1.ObjectMeta) (*Data, error) {
	var typed corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(pod, &typed); err != nil {
		return nil, &InputError{Problem: fmt.Sprintf("the pod is not a valid Pod: %s", explainPod(pod, err))}
	}
	data := &Data{
		TypeMeta:   typed.TypeMeta,
		ObjectMeta: typed.ObjectMeta,
		Spec:       typed.Spec,
		Namespace:  namespace,
		Values:     e.values,
		Revision:   e.revision,
	}
	if data.ObjectMeta.Namespace == "" {
		data.ObjectMeta.Namespace = namespace.Name
	}
	data.Owner = OwnerOf(&data.ObjectMeta)
	data.Inherited = e.inheritable(namespace.Annotations)
	data.ObjectMeta.Annotations = e.inherit(typed.Annotations, namespace.Annotations)
	native, err := e.nativeSidecars(data.ObjectMeta.Annotations)
	data.NativeSidecars = native
	return data, err
}

// explainPod says which field of a pod is of a wrong type, if that is what the error is about: the first in alphabetical
// order, while the converter stops at any.
func explainPod(pod map[string]any, err error) error {
	raw, failed := json.Marshal(pod)
	if failed != nil {
		return err
	}
	return strictyaml.ExplainType(raw, &corev1.Pod{}, err)
}

// inheritable returns those of a namespace's annotations that the profile lets pods inherit.
func (e *Engine) inheritable(namespace map[string]string) map[string]string {
	found := map[string]string{}
	for _, key := range e.profile.NamespaceAnnotations {
		if value, offered := namespace[key]; offered {
			found[key] = value
		}
	}
	return found
}

// inherit returns the pod's annotations with those of the namespace that the profile lets pods inherit.
func (e *Engine) inherit(pod, namespace map[string]string) map[string]string {
	effective := maps.Clone(pod)
	for _, key := range e.profile.NamespaceAnnotations {
		value, offered := namespace[key]
		if _, own := effective[key]; !offered || own {
			continue
		}
		if effective == nil {
			effective = map[string]string{}
		}
		effective[key] = value
	}
	return effective
}

func (e *Engine) nativeSidecars(annotations map[string]string) (bool, error) {
	key := e.profile.Keys.NativeSidecar
	switch value, set := annotations[key]; {
	case !set, key == "":
		return e.native, nil
	case value == "true":
		return true, nil
	case value == "false":
		return false, nil
	default:
		return false, &InputError{Annotation: key, Problem: fmt.Sprintf("%q is not allowed, want \"true\" or \"false\"", value)}
	}
}

// InputError says that a pod asks for something that cannot be given: its author has to change it.
type InputError struct {
	// Annotation is the key of the annotation concerned; empty if it is something else.
	Annotation string
	// Problem is a sentence for the pod's author: what there is and what is allowed. The error's text has its values cut
	// that are long.
	Problem string
}

func (e *InputError) Error() string {
	if e.Annotation == "" {
		return quote.Text(e.Problem)
	}
	return quote.Text(fmt.Sprintf("annotation %q: %s", e.Annotation, e.Problem))
}
