package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Options configure a Previewer. Handler and Namespaces are required.
type Options struct {
	// Handler answers the requests. It must have a configuration, and should have the same Namespaces.
	Handler *webhook.Handler
	// Namespaces has the labels that decide which scope is asked, if any.
	Namespaces *Namespaces
	// Namespace is where objects go that name none. Default: "default".
	Namespace string
}

// Previewer shows what injection does to documents. Create it with New; any number of goroutines may use it.
type Previewer struct {
	options Options
}

// New returns a Previewer.
func New(options Options) (*Previewer, error) {
	if options.Handler == nil || options.Handler.Config() == nil || options.Namespaces == nil {
		return nil, errors.New("preview needs a handler with a configuration, and namespaces")
	}
	if options.Namespace == "" {
		options.Namespace = metav1.NamespaceDefault
	}
	return &Previewer{options: options}, nil
}

// Result is a document and what became of the workloads in it.
type Result struct {
	Document *Document
	// Workloads are the document's workloads in their order: one for most, several for a List, none for an object that
	// makes no pods.
	Workloads []Workload
	// Object is the document's object after injection: Document.Object itself if nothing changed.
	Object map[string]any
}

// Workload is one workload and the answer of the webhook for its pods.
type Workload struct {
	APIVersion, Kind, Namespace, Name string
	// Pointer is the JSON pointer, in the document, of the pod template that Patch applies to; "" for a Pod.
	Pointer string
	// Called is false if the API server would not ask the webhook, because of the namespace's label; Label is that
	// label, as key=value, then.
	Called bool
	Label  string
	// Decision is "inject" or "skip" ("error" where an error lets the pod in), Reason the short word for why,
	// Templates the names of the templates applied, separated by commas.
	Decision, Reason, Templates string
	// Warnings are shown to who creates the pod.
	Warnings []string
	// Patch turns the submitted pod template into the injected one; nil if it stays as it is.
	Patch templates.Patch
	// Before and After are the workload's whole object as submitted and with the injected template. They are the same
	// map if nothing changed.
	Before, After map[string]any
}

// Preview answers every document in order. An error names the document, the workload and the field; a pod that the
// webhook refuses is an error too. The documents are not changed, and share values with the result.
func (p *Previewer) Preview(ctx context.Context, documents []Document) ([]Result, error) {
	ctx = log.IntoContext(ctx, logr.Discard())
	results := make([]Result, 0, len(documents))
	for i := range documents {
		result := Result{Document: &documents[i], Object: documents[i].Object}
		err := visit(&documents[i], func(at place) error {
			w, ok, err := workloadOf(at)
			if err != nil || !ok {
				return err
			}
			answer, template, err := p.workload(ctx, w)
			if err != nil {
				return at.errorf("%w", err)
			}
			if answer.Patch != nil {
				result.Object = with(result.Object, append(append([]string{}, at.pointer...), w.path...), template)
			}
			result.Workloads = append(result.Workloads, *answer)
			return nil
		})
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

// workload asks the webhook about one workload. It returns the answer and the pod template that results.
func (p *Previewer) workload(ctx context.Context, w workload) (*Workload, map[string]any, error) {
	namespace := w.namespace
	if namespace == "" {
		namespace = p.options.Namespace
	}
	answer := &Workload{
		APIVersion: w.apiVersion, Kind: w.kind, Namespace: namespace, Name: w.name,
		Pointer: pointer(w.pointer, w.path), Before: w.object, After: w.object,
	}
	config := p.options.Handler.Config()
	labels := p.options.Namespaces.Namespace(namespace).Labels
	scope, called := config.ScopeOf(labels)
	if !called {
		key := config.Engine().Profile().Keys.NamespaceLabel
		answer.Label = key + "=" + labels[key]
		return answer, w.template, nil
	}
	answer.Called = true
	defaulted := WithDefaults(podOf(w, namespace))
	injected, response, err := p.admit(ctx, scope, namespace, defaulted)
	if err != nil {
		return nil, nil, err
	}
	answer.Decision = response.AuditAnnotations["decision"]
	answer.Reason = response.AuditAnnotations["reason"]
	answer.Templates = response.AuditAnnotations["templates"]
	answer.Warnings = response.Warnings
	template := restoreTemplate(w.template, defaulted, injected)
	answer.Patch = templates.Diff(w.template, template)
	if answer.Patch != nil {
		answer.After = with(w.object, w.path, template)
	}
	return answer, template, nil
}

// admit sends a pod through the handler of a scope, as the API server would, and applies the answer.
func (p *Previewer) admit(ctx context.Context, scope webhook.Scope, namespace string, pod map[string]any) (map[string]any, *admission.Response, error) {
	raw, err := json.Marshal(pod)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the pod: %w", err)
	}
	request := podRequest(namespace, pod, raw)
	response := p.options.Handler.For(scope).Handle(ctx, request)
	if err := response.Complete(request); err != nil {
		return nil, nil, fmt.Errorf("encode the answer: %w", err)
	}
	if !response.Allowed {
		message := "no reason given"
		if response.Result != nil && response.Result.Message != "" {
			message = oneLine(errors.New(response.Result.Message))
		}
		return nil, nil, fmt.Errorf("the pod would be refused: %s", message)
	}
	if len(response.Patch) == 0 {
		return pod, &response, nil
	}
	patch, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		return nil, nil, fmt.Errorf("decode the answered patch: %w", err)
	}
	if raw, err = patch.Apply(raw); err != nil {
		return nil, nil, fmt.Errorf("apply the answered patch: %w", err)
	}
	var injected map[string]any
	if err := utiljson.Unmarshal(raw, &injected); err != nil {
		return nil, nil, fmt.Errorf("decode the injected pod: %w", err)
	}
	return injected, &response, nil
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
		Name:      text(metadata, "name"),
		Namespace: namespace,
		Operation: admissionv1.Create,
		DryRun:    ptr.To(true),
		Object:    runtime.RawExtension{Raw: raw},
		Options:   runtime.RawExtension{Raw: []byte(`{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","dryRun":["All"]}`)},
	}}
}
