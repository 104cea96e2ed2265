package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Admission is a pod's way through the webhook.
type Admission struct {
	// Request is what the API server would ask, Response what the webhook answered, as it goes over the wire.
	Request  admission.Request
	Response admission.Response
	// Pod is the pod as answered: the one that was asked about if nothing was changed or it was refused.
	Pod map[string]any
}

// Admit asks a handler about a pod, as the API server would in a dry run, and applies the answer. The pod is
// one with its defaults (WithDefaults); it is not changed. An error is one of encoding: a refusal is none.
func Admit(ctx context.Context, handler admission.Handler, namespace string, pod map[string]any) (*Admission, error) {
	raw, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("encode the pod: %w", err)
	}
	admitted := &Admission{Request: podRequest(namespace, pod, raw), Pod: pod}
	admitted.Response = handler.Handle(ctx, admitted.Request)
	if err := admitted.Response.Complete(admitted.Request); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	if !admitted.Response.Allowed || len(admitted.Response.Patch) == 0 {
		return admitted, nil
	}
	admitted.Pod = nil
	if err := utiljson.Unmarshal(raw, &admitted.Pod); err != nil {
		return nil, fmt.Errorf("decode the pod: %w", err)
	}
	if err := apply(admitted.Pod, admitted.Response.Patch); err != nil {
		return nil, fmt.Errorf("apply the answered patch: %w", err)
	}
	return admitted, nil
}

// Refusal returns, in one line, why the pod is refused; refused is false if it is not.
func (a *Admission) Refusal() (message string, refused bool) {
	switch {
	case a.Response.Allowed:
		return "", false
	case a.Response.Result == nil || a.Response.Result.Message == "":
		return "no reason given", true
	}
	return strings.Join(strings.Fields(a.Response.Result.Message), " "), true
}

// Decision is what the webhook's handler decided: "inject", "skip" or "error", and the short word for why.
func (a *Admission) Decision() (outcome string, reason webhook.Reason) {
	return a.Response.AuditAnnotations["decision"], webhook.Reason(a.Response.AuditAnnotations["reason"])
}

// podRequest is the request that the API server makes for the creation of a pod, marked as a dry run.
func podRequest(namespace string, pod map[string]any, raw []byte) admission.Request {
	kind := metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}
	resource := metav1.GroupVersionResource{Version: "v1", Resource: "pods"}
	metadata, _ := pod["metadata"].(map[string]any)
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		UID:  generatedUID,
		Kind: kind, RequestKind: &kind,
		Resource: resource, RequestResource: &resource,
		Name:      Text(metadata, "name"),
		Namespace: namespace,
		Operation: admissionv1.Create,
		DryRun:    ptr.To(true),
		Object:    runtime.RawExtension{Raw: raw},
		Options:   runtime.RawExtension{Raw: []byte(`{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","dryRun":["All"]}`)},
	}}
}
