package explain

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
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
	if verdict == Failed {
		changes = e.corrections(s)
	}
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
	return strings.Join(slices.DeleteFunc(commands, func(command string) bool { return command == "" }), "\n")
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
	policy := e.options.Handler.Config().Policy()
	keys, trigger := policy.Keys, &policy.Trigger
	yes, no := trigger.Words()
	pod, m := templates.Pod(runtime.DeepCopyJSON(s.pod)), ownerOf(s) // Labels and Annotations write to it.
	place, values := placeOf(trigger, keys.Inject, pod)
	word, spoken := values(pod)[keys.Inject].(string)
	field, noun := string(place)+"s", string(place)
	said := trigger.Read(word)
	unclear := spoken && said == templates.Unclear
	var all []change
	if spoken && !unclear {
		all = append(all, change{fmt.Sprintf("remove the %s %s from %s%s", noun, keys.Inject, m.String(), m.place(field)), m.patch(e.options.Kubectl, s.namespace, field, keys.Inject, nil),
			func(pod templates.Pod, _ *metav1.ObjectMeta) { delete(values(pod), keys.Inject) }})
	}
	for _, value := range []string{yes, no} {
		text := fmt.Sprintf("%s %s with %s: %q", map[bool]string{true: "label", false: "annotate"}[place == templates.PlaceLabel], m.String(), keys.Inject, value)
		if spoken {
			text = fmt.Sprintf("set the %s %s of %s to %q", noun, keys.Inject, m.String(), value)
		}
		all = append(all, change{text + m.place(field), m.patch(e.options.Kubectl, s.namespace, field, keys.Inject, value),
			func(pod templates.Pod, _ *metav1.ObjectMeta) { values(pod)[keys.Inject] = value }})
	}
	if !unclear { // Such a pod is put right by itself.
		all = append(all, e.namespaceChanges(s, &m)...)
	}
	return append(all, change{"do without hostNetwork in " + m.String(), "",
		func(pod templates.Pod, _ *metav1.ObjectMeta) { delete(templates.Child(pod, "spec"), "hostNetwork") }})
}

// placeOf returns where a pod asks for itself: where it says something, of several the first that the trigger reads, else as
// an annotation if that is read; and the labels or annotations of a pod.
func placeOf(trigger *templates.Trigger, key string, pod templates.Pod) (templates.Place, func(templates.Pod) map[string]any) {
	values := map[templates.Place]func(templates.Pod) map[string]any{templates.PlaceLabel: templates.Pod.Labels, templates.PlaceAnnotation: templates.Pod.Annotations}
	places := trigger.Places()
	for _, place := range places {
		if _, spoken := values[place](pod)[key]; spoken {
			return place, values[place]
		}
	}
	last := places[len(places)-1]
	return last, values[last]
}

// namespaceChanges are those of the namespace's label. Pods that exist have to be made anew then.
func (e *Explainer) namespaceChanges(s *subject, m *owner) []change {
	keys := e.options.Handler.Config().Policy().Keys
	label := keys.NamespaceLabel + "=" + keys.NamespaceLabelValue
	command := func(argument string) string {
		if len(validation.ValidateNamespaceName(s.namespace, false)) > 0 { // It could be anything to a shell.
			return ""
		}
		return joined(fmt.Sprintf("%s label namespace %s %s", e.options.Kubectl, s.namespace, argument), m.restart(e.options.Kubectl, s.namespace))
	}
	return []change{
		{fmt.Sprintf("label the namespace %s with %s, which counts for all its new pods", s.namespace, label), command(label + " --overwrite"),
			func(_ templates.Pod, namespace *metav1.ObjectMeta) {
				metav1.SetMetaDataLabel(namespace, keys.NamespaceLabel, keys.NamespaceLabelValue)
			}},
		{fmt.Sprintf("take the label %s from the namespace %s, which counts for all its new pods", keys.NamespaceLabel, s.namespace), command(keys.NamespaceLabel + "-"),
			func(_ templates.Pod, namespace *metav1.ObjectMeta) { delete(namespace.Labels, keys.NamespaceLabel) }},
	}
}

// corrections lists what could be wrong in a pod whose injection fails: its annotations, and those that it inherits.
func (e *Explainer) corrections(s *subject) []change {
	pod, m := templates.Pod(runtime.DeepCopyJSON(s.pod)), ownerOf(s)
	var all []change
	for _, key := range slices.Sorted(maps.Keys(pod.Annotations())) {
		all = append(all, change{fmt.Sprintf("correct the annotation %s of %s, or remove it%s", key, m.String(), m.place("annotations")), "",
			func(pod templates.Pod, _ *metav1.ObjectMeta) { delete(pod.Annotations(), key) }})
	}
	for _, key := range slices.Sorted(maps.Keys(s.meta.Annotations)) {
		all = append(all, change{fmt.Sprintf("correct the annotation %s of the namespace %s, or remove it", key, s.namespace), "",
			func(_ templates.Pod, namespace *metav1.ObjectMeta) { delete(namespace.Annotations, key) }})
	}
	return all
}

// place says where in a file labels or annotations of the pod stand.
func (m *owner) place(field string) string {
	if m.live {
		return ""
	}
	return " (" + strings.TrimPrefix(m.field+".metadata."+field, ".") + ")"
}
