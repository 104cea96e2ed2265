package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/selection"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Options configure an Explainer. Handler, Webhooks and Namespaces are required.
type Options struct {
	// Handler answers as it does in the cluster. It must have a configuration.
	Handler *webhook.Handler
	// Webhooks say whether it is asked.
	Webhooks *selection.Webhooks
	// Namespaces has the labels and annotations of namespaces.
	Namespaces *manifest.Namespaces
	// Namespace is where objects go that name none. Default: "default".
	Namespace string
	// Assumed says what Webhooks are, if they are not those of the cluster. Empty: they are.
	Assumed string
	// Others are the entries of other webhook configurations, by the configuration's name.
	Others map[string]*selection.Webhooks
	// Kubectl begins the commands that are told. Default: "kubectl".
	Kubectl string
	// History is what the cluster shows of the past. The zero value shows nothing.
	History History
	// Pods lists live pods. Nil: the pods of workloads are not looked at.
	Pods func(ctx context.Context, namespace string, selector labels.Selector) ([]map[string]any, error)
}

// Explainer explains. Create it with New; any number of goroutines may use it.
type Explainer struct{ options Options }

// New returns an Explainer.
func New(options Options) (*Explainer, error) {
	if options.Handler == nil || options.Handler.Config() == nil || options.Webhooks == nil || options.Namespaces == nil {
		return nil, errors.New("explain needs a handler with a configuration, webhooks and namespaces")
	}
	options.Namespace = cmp.Or(options.Namespace, metav1.NamespaceDefault)
	options.Kubectl = cmp.Or(options.Kubectl, "kubectl")
	return &Explainer{options}, nil
}

// Explain explains every workload in the documents, in order. The documents are not changed.
func (e *Explainer) Explain(ctx context.Context, documents []manifest.Document) ([]Explanation, error) {
	ctx = log.IntoContext(ctx, logr.Discard())
	all := []Explanation{}
	for i := range documents {
		err := manifest.Visit(&documents[i], func(at manifest.Place) error {
			workloads, unknown, err := manifest.WorkloadsOf(at)
			if err != nil {
				return err
			}
			if unknown {
				all = append(all, Explanation{APIVersion: at.APIVersion, Kind: at.Kind, Namespace: at.Namespace, Name: at.Name,
					Verdict: Unknown, Because: manifest.UnknownPods, Webhooks: []selection.Call{}})
			}
			for _, w := range workloads {
				explained, err := e.workload(ctx, w)
				if err != nil {
					return at.Errorf("%w", err)
				}
				if len(workloads) > 1 {
					explained.Template = w.FieldPath()
				}
				all = append(all, *explained)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (e *Explainer) workload(ctx context.Context, w manifest.Workload) (*Explanation, error) {
	s := e.subjectOf(w)
	explained := &Explanation{APIVersion: w.APIVersion, Kind: w.Kind, Namespace: s.namespace, Name: w.Name, Assumed: e.options.Assumed}
	if err := e.judge(ctx, s, explained); err != nil {
		return nil, err
	}
	if err := e.askOthers(ctx, s, explained); err != nil {
		return nil, err
	}
	if err := e.look(ctx, s, explained); err != nil {
		return nil, err
	}
	remedies, err := e.remedies(ctx, s, explained.Verdict)
	if err != nil {
		return nil, err
	}
	explained.Remedies = remedies
	return explained, nil
}

func (e *Explainer) subjectOf(w manifest.Workload) *subject {
	s := &subject{workload: w, namespace: cmp.Or(w.Namespace, e.options.Namespace)}
	s.meta = e.options.Namespaces.Namespace(s.namespace)
	s.pod = simulate.WithDefaults(simulate.AsCreated(simulate.PodOf(w, s.namespace)))
	return s
}

// subject is a pod that may be created, and where.
type subject struct {
	workload  manifest.Workload
	namespace string
	meta      *metav1.ObjectMeta
	pod       map[string]any
}

// judge fills in what becomes of the pod, and why.
func (e *Explainer) judge(ctx context.Context, s *subject, explained *Explanation) error {
	calls, err := e.options.Webhooks.For(ctx, s.meta, s.pod)
	if err != nil {
		return err
	}
	call := selection.Closest(calls)
	explained.Webhooks, explained.Scope = calls, call.Scope
	if call.Scope == "" {
		explained.Verdict, explained.Because = NotCalled, call.Why()
		return nil
	}
	decision, steps, err := e.trace(s, e.namespaceOf(s, call))
	if err != nil {
		return err
	}
	explained.Rules = steps
	check, failed := call.Failed()
	switch {
	case call.Refused:
		explained.Verdict, explained.Because = Refused, call.Why()
		return nil
	case failed && (check.Field != selection.CheckMatchCondition || decision.Inject):
		explained.Verdict, explained.Because = NotCalled, call.Why()
		return nil
	case failed:
		// The conditions spare an answer that is known.
		explained.Verdict, explained.Reason, explained.Because = NotCalled, decision.Reason, decision.Detail
		return nil
	}
	explained.Reason, explained.Because = decision.Reason, decision.Detail
	return e.answer(ctx, s, call, explained)
}

// namespaceOf returns what is decided by of the pod's namespace: what the entry that is asked stands for, else what its label
// says.
func (e *Explainer) namespaceOf(s *subject, call selection.Call) webhook.Namespace {
	keys := e.options.Handler.Config().Policy().Keys
	scope := call.Scope
	switch {
	case call.Called || scope == webhook.ScopeEvery:
	case s.meta.Labels[keys.NamespaceLabel] == keys.NamespaceLabelValue:
		scope = webhook.ScopeNamespace
	default:
		scope = webhook.ScopePod
	}
	return scope.Namespace(s.meta)
}

// trace asks every rule.
func (e *Explainer) trace(s *subject, namespace webhook.Namespace) (webhook.Decision, []webhook.Step, error) {
	var typed corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(s.pod, &typed); err != nil {
		return webhook.Decision{}, nil, fmt.Errorf("decode the pod: %w", err)
	}
	decision, steps := webhook.Trace(&typed, namespace, e.options.Handler.Config().Policy())
	return decision, steps, nil
}

// askOthers fills in which webhooks of other configurations are asked.
func (e *Explainer) askOthers(ctx context.Context, s *subject, explained *Explanation) error {
	for _, name := range slices.Sorted(maps.Keys(e.options.Others)) {
		calls, err := e.options.Others[name].For(ctx, s.meta, s.pod)
		if err != nil {
			return fmt.Errorf("MutatingWebhookConfiguration %q: %w", name, err)
		}
		for i := range calls {
			if calls[i].Called {
				explained.Others = append(explained.Others, Other{Configuration: name, Webhook: calls[i].Webhook, Injector: calls[i].Scope != ""})
			}
		}
	}
	return nil
}

// answer asks the handler itself.
func (e *Explainer) answer(ctx context.Context, s *subject, call selection.Call, explained *Explanation) error {
	admitted, err := simulate.Admit(ctx, e.options.Handler.For(call.Scope, call.Parameters), s.namespace, s.pod)
	if err != nil {
		return err
	}
	explained.Warnings = admitted.Response.Warnings
	outcome, reason := admitted.Decision()
	switch outcome {
	case "inject":
		explained.Verdict = Inject
		if named := admitted.Response.AuditAnnotations["templates"]; named != "" {
			explained.Templates = strings.Split(named, ",")
		}
		explained.Probes = simulate.MovedProbes(s.pod, admitted.Pod)
	case "skip":
		explained.Verdict = Skip
		if detail := admitted.Response.AuditAnnotations["detail"]; detail != "" { // a template's
			explained.Reason, explained.Because = reason, detail
		}
	default:
		explained.Verdict, explained.Reason = Failed, reason
		if message, refused := admitted.Refusal(); refused {
			explained.Because = "the pod is refused: " + message
		} else {
			explained.Because = strings.TrimPrefix(strings.Join(admitted.Response.Warnings, "; "), "sidecar-injector: ")
		}
	}
	return nil
}
