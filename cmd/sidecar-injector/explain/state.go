package explain

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

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
		explained.State = state
		return err
	}
	selector, found, err := unstructured.NestedMap(live, "spec", "selector")
	if err != nil || !found || e.options.Pods == nil {
		return nil // CronJobs and the like have none.
	}
	var typed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(selector, &typed); err != nil {
		return nil // A ReplicationController's selector is a plain map.
	}
	selects, err := metav1.LabelSelectorAsSelector(&typed)
	if err != nil {
		return fmt.Errorf("spec.selector: %w", err)
	}
	pods, err := e.options.Pods(ctx, s.namespace, selects)
	if err != nil {
		return err
	}
	explained.Pods = &Pods{}
	for _, pod := range pods {
		if _, injected := e.options.Handler.Config().Engine().RecordOf(pod); injected {
			explained.Pods.With++
		} else {
			explained.Pods.Without++
		}
	}
	return nil
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
	wanted := explained.Verdict == Inject
	switch {
	case explained.Reason == webhook.ReasonInjectedByOther:
		state.Sidecar = SidecarOther
	case injected && !wanted:
		state.Sidecar = SidecarUnwanted
		state.History = "it was created when it was to be injected, or was injected by hand"
	case !injected && wanted:
		state.Sidecar = SidecarMissing
		state.History = e.options.History.whyMissing(&meta, &engine.Profile().Keys)
	case !injected:
		state.Sidecar = SidecarNone
	default:
		return state, e.compare(s, &record, state)
	}
	return state, nil
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
		state.History = "its sidecar was made from other templates or values than today's"
		if today.Revision != record.Revision {
			state.History = fmt.Sprintf("its sidecar was made by the revision %s, today it is %s", record.Revision, today.Revision)
		}
	}
	return nil
}
