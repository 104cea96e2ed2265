package lint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/simulate"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// injected is an awkward pod after its injection.
type injected struct {
	name   string
	before *corev1.Pod
	after  *corev1.Pod
	// containers are those that the templates injected.
	containers []string
	raw        map[string]any
}

// render injects every awkward pod and checks what comes out. The File of a finding is the template's name.
func render(ctx context.Context, config *webhook.Config) ([]Finding, error) {
	pods, err := testPods()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	var made []*injected
	for _, pod := range pods {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		result, found, err := inject(config, pod)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
		if result != nil {
			made = append(made, result)
		}
	}
	for _, pod := range made {
		for _, check := range checks {
			findings = append(findings, check(pod)...)
		}
	}
	if len(made) > 0 && !slices.ContainsFunc(made, func(i *injected) bool { return len(i.containers) > 0 }) {
		findings = append(findings, Finding{Rule: "nothing-injected", Severity: Warning, Message: "the default templates inject no container into any pod", Remedy: "name templates in defaultTemplates that do"})
	}
	security, err := podSecurity(made)
	if err != nil {
		return nil, err
	}
	findings = append(findings, security...)
	for i := range findings {
		locate(config, &findings[i])
	}
	return once(findings), nil
}

// inject injects a pod twice.
func inject(config *webhook.Config, pod testPod) (*injected, []Finding, error) {
	namespace := metav1.ObjectMeta{Name: "shop"}
	defaulted := simulate.WithDefaults(pod.pod)
	result, err := config.Engine().Inject(templates.Input{Pod: defaulted, Namespace: namespace})
	if err != nil {
		return nil, []Finding{failure(pod.name, err)}, nil
	}
	made := &injected{name: pod.name, raw: result.Pod, containers: result.Containers}
	if made.before, err = decode(defaulted); err != nil {
		return nil, nil, err
	}
	if made.after, err = decode(result.Pod); err != nil {
		return nil, nil, err
	}
	var findings []Finding
	again, err := config.Engine().Inject(templates.Input{Pod: result.Pod, Namespace: namespace})
	if err != nil {
		return nil, append(findings, failure(pod.name+", injected before", err)), nil
	}
	if again.Patch != nil {
		text, err := json.Marshal(again.Patch)
		if err != nil {
			return nil, nil, err
		}
		findings = append(findings, Finding{Rule: "not-idempotent", Severity: Error, Message: onPod(pod.name, "injected again it changes: "+cut(string(text), 200)), Remedy: "make the template depend on nothing that it makes itself"})
	}
	return made, findings, nil
}

// failure is the finding of a pod that cannot be injected.
func failure(pod string, err error) Finding {
	finding := Finding{Rule: "render", Severity: Error, Message: onPod(pod, err.Error()), Remedy: "such a pod would be refused: make the template take it"}
	if template, ok := errors.AsType[*templates.Error](err); ok {
		finding.File, finding.Line, finding.Message = template.Template, template.Line, onPod(pod, template.Err.Error())
	}
	return finding
}

// decode types a pod. That a template makes no field which Kubernetes does not know, the engine has checked.
func decode(raw map[string]any) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	return pod, runtime.DefaultUnstructuredConverter.FromUnstructured(raw, pod)
}

func onPod(name, problem string) string { return fmt.Sprintf("pod with %s: %s", name, problem) }

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
		if _, problem, ok := strings.Cut(finding.Message, ": "); ok && strings.HasPrefix(finding.Message, "pod with ") {
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

// locate finds the template, and the line in it, that names the container of a finding which names no template yet.
func locate(config *webhook.Config, finding *Finding) {
	if finding.File != "" || finding.Severity == Note {
		return
	}
	names, err := config.Engine().TemplatesOf(nil)
	if err != nil || len(names) == 0 {
		return
	}
	finding.File = names[0]
	texts := config.Engine().Texts()
	for _, name := range names {
		for number, line := range strings.Split(texts[name], "\n") {
			if found := named.FindStringSubmatch(line); found != nil && strings.Contains(finding.Message, fmt.Sprintf("%q", found[1])) {
				finding.File, finding.Line = name, number+1
				return
			}
		}
	}
}
