package preview

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/internal/packed"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Options configure a Previewer. Handler, Webhooks and Namespaces are required.
type Options struct {
	// Handler answers the requests. It must have a configuration, and should have the same Namespaces.
	Handler *webhook.Handler
	// Webhooks say which scope of the handler is asked, if any.
	Webhooks *selection.Webhooks
	// Namespaces has the labels that they select by.
	Namespaces *manifest.Namespaces
	// Namespace is where objects go that name none. Default: "default".
	Namespace string
	// Full shows in a diff what is packed in a workload; otherwise only its size and hash.
	Full bool
	// Fold shows in a diff the status annotation, and long texts that are new, by size and hash too, unless Full is set.
	Fold bool
	// Answered, if it is set, is called when Print has answered one more document; at once by several goroutines.
	Answered func()
	// Server, if there is one, is asked in dry runs what it makes of each pod, to be compared.
	Server client.Client
}

// Previewer shows what injection, or its removal, does to documents. Create it with New or NewRemover; any number of
// goroutines may use it.
type Previewer struct {
	options Options
	words   words
	// statusKeys are the keys of the status annotations that are known.
	statusKeys []string
	// answer says what becomes of a workload: it fills in the answer and returns the template that results. It may let
	// Path and Template of the workload be others, if more than the pod template changes.
	answer func(context.Context, *manifest.Workload, *Workload) (template map[string]any, err error)
}

// words are what is said in a diff of workloads before and after, and where there are none.
type words struct{ before, after, nothing string }

// New returns a Previewer.
func New(options Options) (*Previewer, error) {
	if options.Handler == nil || options.Handler.Config() == nil || options.Webhooks == nil || options.Namespaces == nil {
		return nil, errors.New("preview needs a handler with a configuration, webhooks and namespaces")
	}
	p := previewer(options, words{"submitted", "injected", "inject"})
	p.statusKeys = []string{options.Handler.Config().Engine().Profile().Keys.Status}
	p.answer = p.inject
	return p, nil
}

func previewer(options Options, words words) *Previewer {
	if options.Namespace == "" {
		options.Namespace = metav1.NamespaceDefault
	}
	return &Previewer{options: options, words: words}
}

// Result is a document and what became of the workloads in it.
type Result struct {
	Document *manifest.Document
	// Workloads are the document's workloads in their order: one for most, several for a List, none for an object that
	// makes no pods.
	Workloads []Workload
	// Object is the document's object afterwards: Document.Object itself if nothing changed.
	Object map[string]any
	// Unknown are the objects in the document that make pods of which nothing is known, such as `ScaledJob shop/worker`.
	Unknown []string

	words words
	full  bool
	fold  []string // the keys of status annotations, to fold them and what is long; nil: nothing is folded
}

// Workload is one workload and the answer of the webhook for its pods.
type Workload struct {
	APIVersion, Kind, Namespace, Name string
	// Pointer is the JSON pointer, in the document, of the pod template that Patch applies to; "" for a Pod.
	Pointer string
	// Template is where the pod template stands in an object that has several; empty of any other.
	Template string
	// NotCalled says why the API server would not ask the webhook. It is empty if it would ask, and where the webhook's
	// match conditions only spare it an answer that is known: to skip the pod, with Reason.
	NotCalled string
	// Decision is "inject", "remove" or "skip" ("error" where an error lets the pod in), Reason the short word for why,
	// Templates the names of the templates applied, separated by commas.
	Decision, Reason, Templates string
	// Admission is the question and the answer; nil if the webhook is not asked.
	Admission *simulate.Admission
	// Warnings are shown to who creates the pod.
	Warnings []string
	// Probes says of each TCP probe that asks another port after injection which one it asks.
	Probes []string
	// Difference is the unified diff of what the API server makes of the pod beside what is previewed; empty if it makes the
	// same, or was not asked.
	Difference string
	// Patch turns the submitted pod template into the one that results; nil if it stays as it is.
	Patch templates.Patch
	// Before and After are the workload's whole object as submitted and with the template that results. They are the same
	// map if nothing changed.
	Before, After map[string]any

	packed map[string]bool // the texts that look packed and are the author's own
}

// Preview answers one document. An error names the document, the workload and the field; a pod that the webhook refuses is
// an error too. The document is not changed, and shares values with the result.
func (p *Previewer) Preview(ctx context.Context, document *manifest.Document) (*Result, error) {
	ctx = log.IntoContext(ctx, logr.Discard())
	result := &Result{Document: document, Object: document.Object, words: p.words, full: p.options.Full}
	if p.options.Fold {
		result.fold = p.statusKeys
	}
	err := manifest.Visit(document, func(at manifest.Place) error {
		workloads, unknown, err := manifest.WorkloadsOf(at)
		if unknown {
			result.Unknown = append(result.Unknown, at.String())
		}
		for i := range workloads {
			if err := p.workload(ctx, &workloads[i], result); err != nil {
				return at.Errorf("%w", err)
			}
			if len(workloads) > 1 {
				result.Workloads[len(result.Workloads)-1].Template = workloads[i].FieldPath()
			}
		}
		return err
	})
	return result, err
}

// workload answers one workload of a document, and adds the answer to the result.
func (p *Previewer) workload(ctx context.Context, w *manifest.Workload, result *Result) error {
	answer := p.start(*w)
	template, err := p.answer(ctx, w, answer)
	if err != nil {
		return err
	}
	answer.Pointer = pointer(w.Pointer, w.Path)
	if answer.Patch = templates.Diff(w.Template, template); answer.Patch != nil {
		answer.After = with(w.Object, w.Path, template)
		answer.packed = packed.Texts(p.authorOf(w.Template, template))
		result.Object = with(result.Object, append(append([]string{}, w.Place.Pointer...), w.Path...), template)
	}
	if p.options.Server != nil {
		if answer.Difference, err = p.compare(ctx, *w, answer.Namespace, template); err != nil {
			return err
		}
	}
	result.Workloads = append(result.Workloads, *answer)
	return nil
}

// authorOf returns what the author wrote of a pod template, which is injected before or after.
func (p *Previewer) authorOf(before, after map[string]any) map[string]any {
	if p.options.Handler == nil { // it removes
		return after
	}
	key := p.options.Handler.Config().Engine().Profile().Keys.Status
	if removed, _, ok, err := templates.Remove(before, key); ok && err == nil {
		return removed
	}
	return before
}

// Print answers documents and prints the answers, in their order. It works on several at once and keeps of each only what
// is printed. The error is that of the first document that has one; nothing is printed then.
func (p *Previewer) Print(ctx context.Context, documents []manifest.Document, format Format) (*Printed, error) {
	pages, errs := make([]*page, len(documents)), make([]error, len(documents))
	next, failed := atomic.Int64{}, atomic.Bool{}
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(documents)) {
		workers.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(documents) {
					return
				}
				if pages[i], errs[i] = p.page(ctx, i, &documents[i], format); errs[i] != nil {
					failed.Store(true)
				}
				if p.options.Answered != nil {
					p.options.Answered()
				}
			}
		})
	}
	workers.Wait()
	// Those before the first that failed have been answered: they were begun before it.
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return bind(pages, format, p.words.nothing)
}

func (p *Previewer) page(ctx context.Context, index int, document *manifest.Document, format Format) (*page, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	result, err := p.Preview(ctx, document)
	if err != nil {
		return nil, err
	}
	return pageOf(index, result, format)
}

// start returns the answer for a workload before anything is known.
func (p *Previewer) start(w manifest.Workload) *Workload {
	namespace := w.Namespace
	if namespace == "" {
		namespace = p.options.Namespace
	}
	return &Workload{
		APIVersion: w.APIVersion, Kind: w.Kind, Namespace: namespace, Name: w.Name, Before: w.Object, After: w.Object,
	}
}

// inject asks the webhook about one workload. It fills in the answer and returns the pod template that results.
func (p *Previewer) inject(ctx context.Context, w *manifest.Workload, answer *Workload) (map[string]any, error) {
	namespace := answer.Namespace
	defaulted := simulate.WithDefaults(simulate.PodOf(*w, namespace))
	calls, err := p.options.Webhooks.For(ctx, p.options.Namespaces.Namespace(namespace), defaulted)
	if err != nil {
		return nil, err
	}
	call := selection.Closest(calls)
	if call.Refused {
		return nil, &RefusedError{call.Why()}
	}
	if check, failed := call.Failed(); failed && check.Field != selection.CheckMatchCondition {
		answer.NotCalled = call.Why()
		return w.Template, nil
	}
	admitted, err := simulate.Admit(ctx, p.options.Handler.For(call.Scope, call.Parameters), namespace, defaulted)
	if err != nil {
		return nil, err
	}
	outcome, _ := admitted.Decision()
	if !call.Called && outcome != "skip" {
		answer.NotCalled = call.Why()
		return w.Template, nil
	}
	if message, refused := admitted.Refusal(); refused {
		return nil, &RefusedError{message}
	}
	response := admitted.Response
	answer.Decision = response.AuditAnnotations["decision"]
	answer.Reason = response.AuditAnnotations["reason"]
	answer.Templates = response.AuditAnnotations["templates"]
	if call.Called {
		answer.Admission, answer.Warnings = admitted, response.Warnings
	}
	answer.Probes = simulate.MovedProbes(defaulted, admitted.Pod)
	return restoreTemplate(w.Template, defaulted, admitted.Pod), nil
}
