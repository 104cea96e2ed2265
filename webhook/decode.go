package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// decodePod checks that the request is one for the creation of a pod, and decodes the pod into the raw object that the
// patch is made from, without metadata.managedFields: nobody reads them, and they can be half of a pod.
func decodePod(req *admission.Request) (map[string]any, error) {
	wanted := metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}
	if req.Kind != wanted || req.SubResource != "" || req.Operation != admissionv1.Create {
		return nil, fmt.Errorf("got %s of %s %s, want CREATE of v1 Pod", req.Operation, req.Kind.Version, strings.TrimSuffix(req.Kind.Kind+"/"+req.SubResource, "/"))
	}
	if len(req.Object.Raw) == 0 {
		return nil, errNoObject
	}
	value, err := decodeJSON(req.Object.Raw)
	if err != nil {
		return nil, fmt.Errorf("decode pod: %w", err)
	}
	switch value := value.(type) {
	case map[string]any:
		return value, nil
	case nil:
		return nil, errNoObject
	default:
		return nil, fmt.Errorf("decode pod: got %s, want an object", strictyaml.Kind(value))
	}
}

var errNoObject = errors.New("decode pod: the request has no object")

// asTheAPIServer are the liberties that the API server takes with JSON: the last of equal names counts, and what is not
// UTF-8 is replaced.
var asTheAPIServer = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// decodeJSON decodes one value as apimachinery does for unstructured objects (integers as int64, other numbers as float64)
// but for metadata.managedFields, in one pass. What is more than a pod may be is a *limitError.
func decodeJSON(text []byte) (any, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text), asTheAPIServer...)
	reader := reader{Decoder: decoder}
	value, err := reader.value()
	if err != nil {
		return nil, err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("there is more behind the value, at byte %d", decoder.InputOffset())
	}
	return value, nil
}

// reader decodes one value, within the limits of a pod.
type reader struct {
	*jsontext.Decoder
	size size
}

func (r *reader) value() (any, error) {
	token, err := r.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case jsontext.KindBeginObject:
		return r.object()
	case jsontext.KindBeginArray:
		return r.array()
	case jsontext.KindString:
		text := token.String()
		return text, r.size.count(r.Decoder, len(text))
	case jsontext.KindNumber:
		text := token.String()
		if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
			return integer, nil
		}
		return strconv.ParseFloat(text, 64)
	case jsontext.KindNull:
		return nil, nil
	default:
		return token.Bool(), nil
	}
}

func (r *reader) object() (map[string]any, error) {
	if err := r.size.enter(r.Decoder); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for r.PeekKind() != jsontext.KindEndObject {
		name, err := r.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if key == "managedFields" && r.StackPointer() == "/metadata/managedFields" {
			if err := r.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if err := r.size.element(r.Decoder); err != nil {
			return nil, err
		}
		if object[key], err = r.value(); err != nil {
			return nil, err
		}
	}
	_, err := r.ReadToken()
	return object, err
}

func (r *reader) array() ([]any, error) {
	if err := r.size.enter(r.Decoder); err != nil {
		return nil, err
	}
	array := []any{}
	for r.PeekKind() != jsontext.KindEndArray {
		if err := r.size.element(r.Decoder); err != nil {
			return nil, err
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := r.ReadToken()
	return array, err
}

// convert makes a P, a pod or a part of one, of a raw pod. Its error names the field that is of another type than a pod's.
func convert[P any](raw map[string]any, text []byte) (*P, error) {
	pod := new(P)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, pod); err != nil {
		return nil, fmt.Errorf("decode pod: %w", strictyaml.ExplainType(text, &corev1.Pod{}, err))
	}
	return pod, nil
}

// decided is the part of a pod that Decide reads; a rule that reads more has to have it here. The whole pod is typed only by
// the engine, for an answer that it does not know from another replica: what else is wrong with a pod that is skipped is the
// API server's to say.
type decided struct {
	Metadata struct {
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		HostNetwork    bool              `json:"hostNetwork"`
		OS             *corev1.PodOS     `json:"os"`
		NodeSelector   map[string]string `json:"nodeSelector"`
		InitContainers []named           `json:"initContainers"`
		Containers     []named           `json:"containers"`
	} `json:"spec"`
}

type named struct {
	Name string `json:"name"`
}

// pod returns a pod that has these parts.
func (d *decided) pod() *corev1.Pod {
	containers := func(names []named) []corev1.Container {
		list := make([]corev1.Container, len(names))
		for i := range names {
			list[i].Name = names[i].Name
		}
		return list
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Labels: d.Metadata.Labels, Annotations: d.Metadata.Annotations},
		Spec: corev1.PodSpec{
			HostNetwork: d.Spec.HostNetwork, OS: d.Spec.OS, NodeSelector: d.Spec.NodeSelector,
			InitContainers: containers(d.Spec.InitContainers), Containers: containers(d.Spec.Containers),
		},
	}
}
