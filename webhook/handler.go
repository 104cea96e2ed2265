package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/sidecar-injector/sidecar-injector/internal/quote"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Namespaces gives what is known of a namespace (its labels and annotations), or nil. It answers from memory, at once;
// the result is not changed. Implementations are safe for concurrent use.
type Namespaces interface {
	Namespace(name string) *metav1.ObjectMeta
}

// NamespaceReader is a Namespaces that can also ask the API server, for a namespace that is not in its memory yet: a pod of
// ScopeEvery waits for that. Implementations are safe for concurrent use.
type NamespaceReader interface {
	Namespaces
	ReadNamespace(ctx context.Context, name string) (*metav1.ObjectMeta, error)
}

// Options configure a Handler.
type Options struct {
	// Config is the configuration to begin with. With none, every request is answered with an error until SetConfig.
	Config *Config
	// Namespaces gives the annotations that pods inherit and the Pod Security level to warn of. Nil: neither.
	Namespaces Namespaces
	// Refused is told of each pod with a controller that is refused, but for dry runs. It must return at once, may be called
	// concurrently, and may be called twice for one pod. Nil: nobody is told.
	Refused func(Refusal)
	// Registerer takes the metrics. Nil: none.
	Registerer prometheus.Registerer
}

// Handler answers admission requests. It is safe for concurrent use; create it with New.
type Handler struct {
	config     atomic.Pointer[Config]
	namespaces Namespaces
	refused    func(Refusal)
	metrics    *metrics
	gate       *gate
	small      turns // for pods of up to smallPod bytes
	large      turns // for the others
}

// New returns a handler. Its error is that of registering the metrics.
func New(options Options) (*Handler, error) {
	m, err := newMetrics(options.Registerer)
	if err != nil {
		return nil, err
	}
	h := &Handler{namespaces: options.Namespaces, refused: options.Refused, metrics: m, gate: newGate(m), small: make(turns, goruntime.GOMAXPROCS(0)), large: make(turns, 1)}
	h.config.Store(options.Config)
	return h, nil
}

// SetConfig replaces the configuration for the requests that come from now on.
func (h *Handler) SetConfig(config *Config) { h.config.Store(config) }

// Config returns the configuration in use, nil before there is one.
func (h *Handler) Config() *Config { return h.config.Load() }

// Register serves all scopes at their paths and below. The server is controller-runtime's webhook.Server, or anything
// alike that takes the patterns of http.ServeMux.
func (h *Handler) Register(server interface {
	Register(path string, hook http.Handler)
}) {
	for _, scope := range Scopes {
		hook := h.Reviews(h.handler(scope, parametersOf))
		server.Register(scope.Path(), hook)
		server.Register(scope.Path()+"/", scope.below(hook))
	}
}

// Reviews returns what answers AdmissionReviews by another handler, within the bounds of this one: its requests count among
// those that there may be at once.
func (h *Handler) Reviews(other admission.Handler) http.Handler {
	return reviews{&admission.Webhook{Handler: other, LogConstructor: bare}, maxTime, h.gate}
}

// For returns the handler of requests at one scope's path with these path parameters, which may be nil.
func (h *Handler) For(scope Scope, parameters map[string]string) admission.Handler {
	return h.handler(scope, func(context.Context) map[string]string { return parameters })
}

// handler returns the handler of one scope, given where it finds the path parameters of a request.
func (h *Handler) handler(scope Scope, parameters func(context.Context) map[string]string) admission.Handler {
	return admission.HandlerFunc(func(ctx context.Context, req admission.Request) admission.Response {
		start := time.Now()
		a := h.turnsFor(&req).run(ctx, func() answer { return h.answer(ctx, scope, parameters(ctx), &req) })
		a.err = bounded(a.err)
		h.metrics.record(start, a.outcome, a.reason)
		logger := withRequest(log.FromContext(ctx), &req).WithValues("outcome", a.outcome, "reason", a.reason)
		if a.err != nil {
			logger.WithValues(a.about...).Error(a.err, "Injection failed")
		} else {
			logger.V(1).Info("Admission answered")
		}
		h.tellRefused(&a, &req)
		return a.response()
	})
}

// answer is the result of one request, before it is put into the form that the API server wants.
type answer struct {
	outcome   outcome
	reason    Reason
	detail    string // of a template that skips the pod
	templates []string
	patch     []byte
	warnings  []string
	err       error
	about     []any                  // keys and values for the log, of an error
	owner     *metav1.OwnerReference // of the pod, of an error; nil: none
	status    int32                  // of a refusal
	onError   onError
}

func (h *Handler) answer(ctx context.Context, scope Scope, parameters map[string]string, req *admission.Request) (a answer) {
	config := h.config.Load()
	if config == nil {
		return answer{outcome: outcomeError, reason: reasonNoConfig, status: http.StatusServiceUnavailable, err: errors.New("no configuration is loaded yet")}
	}
	defer func() {
		if p := recover(); p != nil {
			a = answer{outcome: outcomeError, reason: reasonInternalError, status: http.StatusInternalServerError, err: fmt.Errorf("panic: %v", p),
				about: []any{"stack", string(debug.Stack())}}
		}
		a.onError = config.onError
	}()
	return h.answerWith(ctx, config, scope, parameters, req)
}

// answerWith is answer with a configuration.
func (h *Handler) answerWith(ctx context.Context, config *Config, scope Scope, parameters map[string]string, req *admission.Request) (a answer) {
	raw, err := decodePod(req)
	if err != nil {
		return badRequest(err)
	}
	parts, err := convert[decided](raw, req.Object.Raw)
	if err != nil {
		return badRequest(err)
	}
	meta := &metav1.ObjectMeta{Name: req.Namespace}
	if scope == ScopeEvery {
		if meta, err = h.namespace(ctx, req.Namespace); err != nil {
			return answer{outcome: outcomeError, reason: reasonNoNamespace, status: http.StatusServiceUnavailable, err: err}
		}
	}
	decision := Decide(parts.pod(), scope.Namespace(meta), &config.policy)
	a = answer{outcome: outcomeSkip, reason: decision.Reason}
	if decision.Refuse {
		a = answer{outcome: outcomeError, reason: decision.Reason, status: http.StatusBadRequest, err: errors.New(decision.Detail)}
	}
	if decision.Warn {
		a.warnings = append(a.warnings, decision.Detail)
	}
	if decision.Inject {
		a.outcome = outcomeInject
		h.inject(&a, config, templates.Input{Pod: raw, Namespace: *meta, Path: parameters, Done: ctx.Done()})
	}
	if a.err != nil && a.reason != reasonGivenUp {
		if _, err := convert[corev1.Pod](raw, req.Object.Raw); err != nil { // that is why
			return badRequest(err)
		}
	}
	if a.err != nil {
		a.about, a.owner = append(a.about, workloadOf(raw)...), controllerOf(raw)
	}
	if config.markSkipped && a.skips(config) {
		a.patch = config.mark(raw, a.reason)
	}
	return a
}

// namespace returns what is known of a namespace; one that is not known yet is read.
func (h *Handler) namespace(ctx context.Context, name string) (*metav1.ObjectMeta, error) {
	if h.namespaces != nil {
		if found := h.namespaces.Namespace(name); found != nil {
			return found, nil
		}
	}
	reader, ok := h.namespaces.(NamespaceReader)
	if !ok {
		return nil, fmt.Errorf("the namespace %q is not known", name)
	}
	found, err := reader.ReadNamespace(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read the namespace %q, which is not known yet: %w", name, err)
	}
	return found, nil
}

func badRequest(err error) answer {
	if _, large := errors.AsType[*limitError](err); large {
		return answer{outcome: outcomeError, reason: reasonTooLarge, status: http.StatusRequestEntityTooLarge, err: err}
	}
	return answer{outcome: outcomeError, reason: reasonBadRequest, status: http.StatusBadRequest, err: err}
}

// bounded returns an error with the values in its text cut that are long: they come from whoever asks.
func bounded(err error) error {
	if err == nil {
		return nil
	}
	if text := quote.Text(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// inject fills the answer with the patch, or with the error there was.
func (h *Handler) inject(a *answer, config *Config, input templates.Input) {
	if h.namespaces != nil {
		if found := h.namespaces.Namespace(input.Namespace.Name); found != nil {
			input.Namespace = *found
		}
	}
	injected, err := config.engine.Answer(input)
	if skip, ok := errors.AsType[*templates.SkipError](err); ok {
		a.outcome, a.reason, a.detail = outcomeSkip, Reason(skip.Reason), skip.Text
		return
	}
	if err != nil {
		if errors.Is(err, templates.ErrEnded) {
			*a = givenUp(err)
			return
		}
		a.outcome, a.err = outcomeError, err
		a.reason, a.status = reasonInvalidInput, http.StatusBadRequest
		_, ofTemplate := errors.AsType[*templates.Error](err)
		if _, ofPod := errors.AsType[*templates.InputError](err); ofTemplate && !ofPod {
			a.reason, a.status = reasonTemplateError, http.StatusInternalServerError
		}
		return
	}
	a.templates, a.patch, a.warnings = injected.Templates, injected.Patch, append(a.warnings, injected.Warnings...)
	warning, err := podSecurityWarning(config.engine, input)
	if err != nil {
		a.outcome, a.reason, a.status, a.err = outcomeError, reasonInternalError, http.StatusInternalServerError, err
	}
	if warning != "" {
		a.warnings = append(a.warnings, warning)
	}
}

// patchType is that of a patch, nil for none.
func patchType(patch []byte) *admissionv1.PatchType {
	if patch == nil {
		return nil
	}
	return ptr.To(admissionv1.PatchTypeJSONPatch)
}

// response says it to the API server. What an error does to the pod is decided here and nowhere else: with onError
// allow it is let in without a sidecar and with a warning, otherwise it is refused.
func (a answer) response() admission.Response {
	var response admission.Response
	switch {
	case a.err == nil:
		response = admission.Allowed("")
		response.Patch, response.PatchType = a.patch, patchType(a.patch)
	case a.onError == onErrorAllow:
		response = admission.Allowed("")
		response.Patch, response.PatchType = a.patch, patchType(a.patch)
		a.warnings = append(a.warnings, fmt.Sprintf("the pod is created without a sidecar: %s", a.err))
	default:
		response = admission.Errored(a.status, a.err)
	}
	for _, warning := range a.warnings {
		response = response.WithWarnings(quote.Text("sidecar-injector: " + warning))
	}
	response.AuditAnnotations = map[string]string{"decision": string(a.outcome), "reason": string(a.reason)}
	if len(a.templates) > 0 {
		response.AuditAnnotations["templates"] = strings.Join(a.templates, ",")
	}
	if a.detail != "" {
		response.AuditAnnotations["detail"] = quote.Text(a.detail)
	}
	return response
}
