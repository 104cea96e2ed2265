package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// look looks at what is live: what the pod has, or how many pods of the workload have a sidecar.
func (e *Explainer) look(ctx context.Context, s *subject, explained *Explanation) error {
	live := s.workload.Document.Live
	if live == nil || len(s.workload.Pointer) > 0 {
		return nil
	}
	if len(s.workload.Path) == 0 {
		state, err := e.state(s, live, explained)
		if err != nil {
			return err
		}
		explained.State = state
		if explained.Verdict != Failed && explained.Verdict != Refused && state.differs() {
			m := ownerOf(s)
			explained.Renew = m.renewal(e.options.Kubectl, s.namespace, s.workload.Name)
		}
		return nil
	}
	selector := selectorOf(s.workload.Kind, live)
	if selector == nil || e.options.Pods == nil {
		return nil // CronJobs and the like have none.
	}
	pods, err := e.options.Pods(ctx, s.namespace, selector)
	if err != nil {
		return err
	}
	if explained.Pods, err = e.count(ctx, pods); err != nil {
		return err
	}
	lacking := explained.Pods.Without - explained.Pods.Other
	if explained.Verdict == Inject && lacking+explained.Pods.Outdated > 0 || (explained.Verdict == Skip || explained.Verdict == NotCalled) && explained.Pods.With > 0 {
		m := ownerOf(s)
		explained.Renew = m.renewal(e.options.Kubectl, s.namespace, "")
	}
	return nil
}

// selectorOf returns the selector of a live workload's pods, nil if it has none that can be read.
func selectorOf(kind string, live map[string]any) labels.Selector {
	if kind == "ReplicationController" {
		plain, found, err := unstructured.NestedStringMap(live, "spec", "selector")
		if err != nil || !found || len(plain) == 0 {
			return nil
		}
		return labels.SelectorFromSet(plain)
	}
	selector, found, err := unstructured.NestedMap(live, "spec", "selector")
	if err != nil || !found {
		return nil
	}
	var typed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(selector, &typed); err != nil {
		return nil
	}
	selects, err := metav1.LabelSelectorAsSelector(&typed)
	if err != nil || selects.Empty() {
		return nil // What another kind calls a selector would select every pod.
	}
	return selects
}

// count counts pods by what they have.
func (e *Explainer) count(ctx context.Context, pods []map[string]any) (*Pods, error) {
	counted := &Pods{}
	for _, pod := range pods {
		phase, _, _ := unstructured.NestedString(pod, "status", "phase")
		if ended := corev1.PodPhase(phase); ended == corev1.PodSucceeded || ended == corev1.PodFailed {
			continue
		}
		document := manifest.FromObject("pod", pod)
		found, _, err := manifest.WorkloadsOf(manifest.Place{Document: &document, Object: document.Object, APIVersion: "v1", Kind: "Pod", Name: nameOf(pod, "name"), Namespace: nameOf(pod, "namespace")})
		if err != nil {
			return nil, err
		}
		s := e.subjectOf(found[0]) // A Pod is one.
		var explained Explanation
		if err := e.judge(ctx, s, &explained); err != nil {
			return nil, err
		}
		state, err := e.state(s, pod, &explained)
		if err != nil {
			return nil, err
		}
		if state.Record != nil {
			counted.With++
		} else {
			counted.Without++
		}
		switch state.Sidecar {
		case SidecarOther:
			counted.Other++
		case SidecarOutdated:
			counted.Outdated++
		}
	}
	return counted, nil
}

func nameOf(object map[string]any, field string) string {
	name, _, _ := unstructured.NestedString(object, "metadata", field)
	return name
}

// differs says that a new pod would have another sidecar, or none, or one.
func (s *State) differs() bool {
	return s.Sidecar == SidecarMissing || s.Sidecar == SidecarUnwanted || s.Sidecar == SidecarOutdated
}

// state says what a live pod has of a sidecar, beside what it would get.
func (e *Explainer) state(s *subject, live map[string]any, explained *Explanation) (*State, error) {
	engine := e.options.Handler.Config().Engine()
	record, injected := engine.RecordOf(live)
	state := &State{}
	if injected {
		state.Record = &record
	}
	var meta metav1.ObjectMeta
	metadata, _ := live["metadata"].(map[string]any)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(metadata, &meta); err != nil {
		return nil, fmt.Errorf("decode the pod's metadata: %w", err)
	}
	other, err := e.otherInjector(s)
	if err != nil {
		return nil, err
	}
	keys := &engine.Profile().Keys
	fails := explained.Verdict == Failed || explained.Verdict == Refused
	wanted := explained.Verdict == Inject || fails
	switch {
	case other != "":
		state.Sidecar, state.History = SidecarOther, other
	case injected && fails:
		state.Sidecar, state.History = SidecarOutdated, "if it were created now, it would get none, as its injection would fail"
	case injected && !wanted:
		state.Sidecar, state.History = SidecarUnwanted, e.options.History.whyUnwanted(&meta, keys, explained.Reason)
	case !injected && fails:
		state.Sidecar, state.History = SidecarMissing, "one is due, and its injection would fail now as well"
	case !injected && wanted:
		state.Sidecar, state.History = SidecarMissing, e.options.History.whyMissing(&meta, keys, explained.Reason, explained.entry())
	case !injected:
		state.Sidecar = SidecarNone
	default:
		return state, e.compare(s, &record, state)
	}
	return state, nil
}

// entry is the name of the entry that is asked.
func (e *Explanation) entry() string {
	for i := range e.Webhooks {
		if e.Webhooks[i].Called && e.Webhooks[i].Scope == e.Scope {
			return e.Webhooks[i].Webhook
		}
	}
	return ""
}

// otherInjector says which other injector's sidecar a pod has, also one that nobody asks for; empty for none.
func (e *Explainer) otherInjector(s *subject) (string, error) {
	_, steps, err := e.trace(s, webhook.ScopePod.Namespace(s.meta))
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(steps, func(step webhook.Step) bool { return step.Injector != "" })
	if at < 0 {
		return "", nil
	}
	injector := steps[at].Injector
	mark := e.options.Handler.Config().Policy().OtherInjectors[injector]
	says := fmt.Sprintf("it has the container %q of another injector, %s", mark.Container, injector)
	text, _ := templates.Pod(s.pod).Annotation(mark.Annotation)
	var status struct{ Revision string }
	if json.Unmarshal([]byte(text), &status) == nil && status.Revision != "" {
		says += fmt.Sprintf(" (revision %s)", status.Revision)
	}
	return says, nil
}

// compare says whether a sidecar is that of today's templates and values.
func (e *Explainer) compare(s *subject, record *templates.Record, state *State) error {
	today, err := e.options.Handler.Config().Engine().Render(templates.Input{Pod: s.pod, Namespace: *s.meta})
	if err != nil {
		return fmt.Errorf("render today's templates: %w", err)
	}
	state.Today, state.Sidecar = &today.Record, SidecarCurrent
	if today.Hash != record.Hash {
		state.Sidecar = SidecarOutdated
		state.History = "it was made from other templates or values than today's"
		if today.Revision != record.Revision {
			state.History = fmt.Sprintf("it was made by the revision %s, today it is %s", record.Revision, today.Revision)
		}
	}
	return nil
}
