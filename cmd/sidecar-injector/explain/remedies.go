package explain

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// change is something that somebody could do to a pod or its namespace. It works on copies.
type change struct {
	text, command string
	do            func(pod templates.Pod, namespace *metav1.ObjectMeta)
}

// remedies tries changes, one alone and then two together, and returns those after which the verdict is the other one:
// a sidecar for who has none, none for who has one. Nothing is offered that was not tried.
func (e *Explainer) remedies(ctx context.Context, s *subject, verdict Verdict) ([]Remedy, error) {
	wanted := func(after Verdict) bool { return after == Inject }
	if verdict == Inject {
		wanted = func(after Verdict) bool { return after == Skip || after == NotCalled }
	}
	changes := e.changes(s)
	var found []Remedy
	for _, one := range changes {
		after, err := e.after(ctx, s, one)
		if err != nil {
			return nil, err
		}
		if wanted(after) {
			found = append(found, Remedy{one.text, one.command, after})
		}
	}
	for i, one := range changes {
		for _, other := range changes[i+1:] {
			if len(found) > 0 {
				return found, nil
			}
			after, err := e.after(ctx, s, one, other)
			if err != nil {
				return nil, err
			}
			if wanted(after) {
				found = append(found, Remedy{one.text + ", and " + other.text, joined(one.command, other.command), after})
			}
		}
	}
	return found, nil
}

func joined(commands ...string) string {
	var all []string
	for _, command := range commands {
		if command != "" {
			all = append(all, command)
		}
	}
	return strings.Join(all, "\n")
}

// after returns the verdict when the changes were made.
func (e *Explainer) after(ctx context.Context, s *subject, changes ...change) (Verdict, error) {
	changed := &subject{workload: s.workload, namespace: s.namespace, pod: runtime.DeepCopyJSON(s.pod), meta: s.meta.DeepCopy()}
	for _, change := range changes {
		change.do(changed.pod, changed.meta)
	}
	var explained Explanation
	err := e.judge(ctx, changed, &explained)
	return explained.Verdict, err
}

// changes lists what could be tried, what is easiest first.
func (e *Explainer) changes(s *subject) []change {
	keys := e.options.Handler.Config().Policy().Keys
	pod := templates.Pod(s.pod)
	_, annotated := pod.Annotation(keys.Inject)
	labels, _ := s.pod["metadata"].(map[string]any)["labels"].(map[string]any)
	_, labelled := labels[keys.Inject]
	where := s.where()
	var all []change
	if labelled {
		all = append(all, change{"remove the label " + keys.Inject + " from " + where, "",
			func(pod templates.Pod, _ *metav1.ObjectMeta) { delete(pod.Labels(), keys.Inject) }})
	}
	if annotated {
		all = append(all, change{"remove the annotation " + keys.Inject + " from " + where, "",
			func(pod templates.Pod, _ *metav1.ObjectMeta) { delete(pod.Annotations(), keys.Inject) }})
	}
	for _, value := range []string{"true", "false"} {
		all = append(all, change{fmt.Sprintf("annotate %s with %s: %q", where, keys.Inject, value), s.annotate(keys.Inject, value),
			func(pod templates.Pod, _ *metav1.ObjectMeta) { pod.Annotations()[keys.Inject] = value }})
	}
	label := keys.NamespaceLabel + "=" + keys.NamespaceLabelValue
	all = append(all,
		change{fmt.Sprintf("label the namespace %s with %s", s.namespace, label), fmt.Sprintf("kubectl label namespace %s %s --overwrite", s.namespace, label),
			func(_ templates.Pod, namespace *metav1.ObjectMeta) {
				metav1.SetMetaDataLabel(namespace, keys.NamespaceLabel, keys.NamespaceLabelValue)
			}},
		change{fmt.Sprintf("take the label %s from the namespace %s", keys.NamespaceLabel, s.namespace), fmt.Sprintf("kubectl label namespace %s %s-", s.namespace, keys.NamespaceLabel),
			func(_ templates.Pod, namespace *metav1.ObjectMeta) { delete(namespace.Labels, keys.NamespaceLabel) }},
		change{"do without hostNetwork in " + where, "",
			func(pod templates.Pod, _ *metav1.ObjectMeta) { delete(templates.Child(pod, "spec"), "hostNetwork") }})
	return all
}

// where names the pod or the template that its pods are made of.
func (s *subject) where() string {
	if len(s.workload.Path) == 0 {
		return "the pod"
	}
	return fmt.Sprintf("the pod template of %s/%s", strings.ToLower(s.workload.Kind), s.workload.Name)
}

// annotate is the command that annotates a workload's pod template. A pod is made anew instead: annotating it does nothing.
func (s *subject) annotate(key, value string) string {
	if len(s.workload.Path) == 0 || s.workload.Kind == "Job" {
		return ""
	}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, key, value)
	for i := len(s.workload.Path) - 1; i >= 0; i-- {
		patch = fmt.Sprintf(`{%q:%s}`, s.workload.Path[i], patch)
	}
	return fmt.Sprintf("kubectl patch %s %s -n %s --type merge -p '%s'", strings.ToLower(s.workload.Kind), s.workload.Name, s.namespace, patch)
}
