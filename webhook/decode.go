package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// decodePod checks that the request is one for the creation of a pod, and decodes the pod once: as the raw object
// that the patch is made from, and, from that, typed. Neither has metadata.managedFields: nobody reads them, and they
// can be half of a pod.
func decodePod(req *admission.Request) (map[string]any, *corev1.Pod, error) {
	wanted := metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}
	if req.Kind != wanted || req.SubResource != "" || req.Operation != admissionv1.Create {
		return nil, nil, fmt.Errorf("got %s of %s %s, want CREATE of v1 Pod", req.Operation, req.Kind.Version, strings.TrimSuffix(req.Kind.Kind+"/"+req.SubResource, "/"))
	}
	var raw map[string]any
	if len(req.Object.Raw) > 0 {
		var err error
		if raw, err = withoutManagedFields(req.Object.Raw); err != nil {
			return nil, nil, fmt.Errorf("decode pod: %w", strictyaml.ExplainType(req.Object.Raw, &raw, err))
		}
	}
	if raw == nil {
		return nil, nil, errors.New("decode pod: the request has no object")
	}
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &pod); err != nil {
		return nil, nil, fmt.Errorf("decode pod: %w", strictyaml.ExplainType(req.Object.Raw, &corev1.Pod{}, err))
	}
	return raw, &pod, nil
}

// maxTakenApart is the size in bytes up to which a pod is taken apart to leave managedFields out: of a larger pod they are
// a small part, and looking for them costs more than they do.
const maxTakenApart = 256 << 10

// withoutManagedFields decodes an object, integers as int64, but for metadata.managedFields. Its error is the decoder's.
func withoutManagedFields(text []byte) (map[string]any, error) {
	var fields, metadata map[string]json.RawMessage
	if len(text) > maxTakenApart || !bytes.Contains(text, []byte(`"managedFields"`)) ||
		json.Unmarshal(text, &fields) != nil || json.Unmarshal(fields["metadata"], &metadata) != nil {
		var whole map[string]any
		err := utiljson.Unmarshal(text, &whole)
		if metadata, ok := whole["metadata"].(map[string]any); ok {
			delete(metadata, "managedFields")
		}
		return whole, err
	}
	delete(metadata, "managedFields")
	delete(fields, "metadata")
	object, err := decodeFields(fields)
	if err != nil {
		return nil, err
	}
	object["metadata"], err = decodeFields(metadata)
	return object, err
}

func decodeFields(fields map[string]json.RawMessage) (map[string]any, error) {
	object := make(map[string]any, len(fields)+1)
	for name, text := range fields {
		var value any
		if err := utiljson.Unmarshal(text, &value); err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, nil
}
