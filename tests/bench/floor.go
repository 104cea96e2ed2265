package main

import (
	"context"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// newFloor returns a webhook that decodes the pod twice, raw and typed, and answers with a patch that is encoded
// already; with none if it is empty.
func newFloor(patch []byte) injector {
	hook := &admission.Webhook{Handler: admission.HandlerFunc(func(_ context.Context, request admission.Request) admission.Response {
		var raw map[string]any
		if err := json.Unmarshal(request.Object.Raw, &raw); err != nil {
			return admission.Errored(http.StatusBadRequest, fmt.Errorf("decode pod: %w", err))
		}
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &pod); err != nil {
			return admission.Errored(http.StatusBadRequest, fmt.Errorf("decode pod: %w", err))
		}
		response := admission.Allowed("")
		if len(patch) > 0 {
			response.Patch, response.PatchType = patch, new(admissionv1.PatchTypeJSONPatch)
		}
		return response
	})}
	mux := http.NewServeMux()
	mux.Handle("/floor", hook)
	return injector{handler: mux, path: "/floor"}
}
