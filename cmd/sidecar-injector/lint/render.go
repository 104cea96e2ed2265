package lint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/samples"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
)

// injected is a sample pod after its injection.
type injected struct {
	name   string
	before *corev1.Pod
	after  *corev1.Pod
	// containers are those that the templates injected.
	containers []string
}

// Run checks the sources. An error says that they cannot be read at all, or that ctx has ended; whatever else is wrong is a
// finding. Pods are only rendered by what loads.
func Run(ctx context.Context, sources Sources) ([]Finding, error) {
	l := &loader{sources: sources}
	config, findings, err := l.load(ctx)
	if err != nil {
		return nil, err
	}
	if config == nil {
		return sorted(findings), nil
	}
	different, err := webhooks(ctx, sources.Webhooks, config)
	if err != nil {
		return nil, err
	}
	findings = slices.Concat(l.quarantined(config), l.unused(config), l.open(config.Engine()), different)
	for _, target := range targetsOf(config.Engine()) {
		r := &renderer{loader: l, engine: config.Engine(), target: target}
		found, err := r.render(ctx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return sorted(once(findings)), nil
}

// target is a choice of templates.
type target struct {
	// named is what a pod says to choose them; empty are the default ones.
	named string
	// templates are what they are, in order.
	templates []string
	// severity is that of pods that cannot be injected, remedy what to do about them.
	severity Severity
	remedy   string
}

const mendIt = "such a pod would be refused: make the template take it"

// targetsOf returns the default templates, the aliases, and the templates that are in neither.
func targetsOf(engine *templates.Engine) []target {
	var targets []target
	covered := map[string]bool{}
	add := func(named string, severity Severity, remedy string) {
		annotations := map[string]string{}
		if named != "" {
			annotations[engine.Profile().Keys.Templates] = named
		}
		chosen, err := engine.TemplatesOf(annotations)
		if err != nil { // quarantined, and told of as that
			return
		}
		if named == "" || slices.ContainsFunc(chosen, func(name string) bool { return !covered[name] }) {
			targets = append(targets, target{named, chosen, severity, remedy})
		}
		for _, name := range chosen {
			covered[name] = true
		}
	}
	add("", Error, mendIt)
	for _, alias := range slices.Sorted(maps.Keys(engine.Aliases())) {
		add(alias, Error, mendIt)
	}
	for _, name := range slices.Sorted(maps.Keys(engine.Texts())) {
		switch {
		case covered[name]:
		case engine.Profile().Name == istio.ProfileName:
			add(name, Note, "leave it, if it is one of those that Istio's gateway controller renders, which are not for pods")
		default:
			add(name, Warning, mendIt)
		}
	}
	return targets
}

// renderer tries templates on the sample pods.
type renderer struct {
	loader *loader
	engine *templates.Engine
	target target
}

// render injects every pod and checks what comes out.
func (r *renderer) render(ctx context.Context) ([]Finding, error) {
	key := ""
	if r.target.named != "" {
		key = r.engine.Profile().Keys.Templates
	}
	pods, err := samples.Pods(key, r.target.named)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	var made []*injected
	for _, pod := range pods {
		if r.target.named != "" {
			pod.Name += fmt.Sprintf(" that names the template %q", r.target.named)
		}
		result, found, err := r.inject(ctx, pod)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
		if result != nil {
			made = append(made, result)
			for _, check := range checks {
				findings = append(findings, check(result)...)
			}
		}
		if slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == ruleTooSlow }) {
			break
		}
	}
	if r.target.named == "" {
		if len(made) > 0 && !slices.ContainsFunc(made, func(i *injected) bool { return len(i.containers) > 0 }) {
			findings = append(findings, Finding{Rule: "nothing-injected", Severity: Warning, Message: "the default templates inject no container into any pod", Remedy: "name templates in defaultTemplates that do"})
		}
		security, err := podSecurity(made)
		if err != nil {
			return nil, err
		}
		findings = append(findings, security...)
	}
	for i := range findings {
		r.locate(&findings[i])
	}
	return findings, nil
}

// inject injects a pod twice. Its error is that of the context, or says that what came out cannot be read.
func (r *renderer) inject(ctx context.Context, pod samples.Pod) (*injected, []Finding, error) {
	namespace := metav1.ObjectMeta{Name: "shop"}
	defaulted := simulate.WithDefaults(pod.Object)
	result, err := r.engine.Inject(templates.Input{Pod: defaulted, Namespace: namespace, Done: ctx.Done()})
	if errors.Is(err, templates.ErrEnded) {
		return nil, nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, r.failures(pod, pod.Name, err), nil
	}
	made := &injected{name: pod.Name, containers: result.Containers}
	if made.before, err = decode(defaulted); err != nil {
		return nil, nil, err
	}
	if made.after, err = decode(simulate.WithDefaults(result.Pod)); err != nil {
		return nil, nil, err
	}
	again, err := r.engine.Inject(templates.Input{Pod: result.Pod, Namespace: namespace, Done: ctx.Done()})
	if errors.Is(err, templates.ErrEnded) {
		return nil, nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, r.failures(pod, pod.Name+", injected before", err), nil
	}
	if again.Patch != nil {
		text, err := json.Marshal(again.Patch)
		if err != nil {
			return nil, nil, err
		}
		return made, []Finding{{Rule: "not-idempotent", Severity: Error, Message: onPod(pod.Name, "injected again it changes: "+cut(string(text), 200)), Remedy: "make the template depend on nothing that it makes itself"}}, nil
	}
	return made, nil, nil
}

// ruleTooSlow is the rule of templates that do not end.
const ruleTooSlow = "too-slow"

// failures are the findings of a pod that cannot be injected, by its name in messages.
func (r *renderer) failures(pod samples.Pod, name string, err error) []Finding {
	finding := Finding{Rule: "render", Severity: r.target.severity, Message: onPod(name, err.Error()), Remedy: r.target.remedy}
	if pod.Invalid && r.target.severity == Error {
		finding.Severity, finding.Remedy = Warning, "its author would read this instead of the API server's own word: make the template take it"
	}
	if errors.Is(err, templates.ErrBudget) {
		finding.Rule, finding.Severity, finding.Remedy = ruleTooSlow, Error, "give every range an end"
	}
	problem, ok := errors.AsType[*templates.Error](err)
	if !ok {
		return []Finding{finding}
	}
	var all []Finding
	for _, problem := range append([]*templates.Error{problem}, problem.More...) {
		one, message := finding, problem.Err.Error()
		if problem.Action != "" {
			message = problem.Action + ": " + message
		}
		one.Message = onPod(name, message)
		if name := suggested(message); name != "" {
			one.Remedy = "write " + name
		}
		if problem.Element == "" { // otherwise locate finds its place by its name
			one.at(r.loader.template(problem.Template), problem)
		}
		all = append(all, one)
	}
	return all
}

// decode types a pod. That a template makes no field which Kubernetes does not know, the engine has checked.
func decode(raw map[string]any) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	return pod, runtime.DefaultUnstructuredConverter.FromUnstructured(raw, pod)
}

// onPod says what is wrong with a pod.
func onPod(name, problem string) string { return name + ": " + problem }

func cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "") + "…"
}

// once keeps of findings that differ only in the pod the first.
func once(findings []Finding) []Finding {
	seen := map[Finding]bool{}
	var kept []Finding
	for _, finding := range findings {
		key := finding
		key.Severity, key.Remedy = "", ""
		if _, problem, ok := strings.Cut(finding.Message, ": "); ok && strings.HasPrefix(finding.Message, "a ") {
			key.Message = problem
		}
		if !seen[key] {
			seen[key] = true
			kept = append(kept, finding)
		}
	}
	return kept
}

// named is how a template names a container or a volume.
var named = regexp.MustCompile(`\bname: *["']?([^"',}\s]+)`)

// locate finds the template, and the line in it, that names what a finding is about which has no place yet: a container or
// a volume. Otherwise it is the first template.
func (r *renderer) locate(finding *Finding) {
	if finding.File != "" {
		return
	}
	for _, name := range r.target.templates {
		origin := r.loader.template(name)
		for number, line := range strings.Split(origin.text, "\n") {
			found := named.FindStringSubmatchIndex(line)
			if found != nil && strings.Contains(finding.Message, fmt.Sprintf("%q", line[found[2]:found[3]])) {
				finding.File = origin.file
				finding.Line, finding.Column = origin.place(number+1, columnAt(line, found[0]))
				return
			}
		}
	}
	origin := r.loader.template(r.target.templates[0])
	finding.File = origin.file
	finding.Line, finding.Column = origin.place(1, 1)
}
