package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// restartedAt is the annotation by which kubectl rollout restart changes a pod template.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Progress is told what is done. Of texts about something that goes on the last one counts, so that a terminal may show them
// in one line.
type Progress interface {
	// Update tells how far it is, End how it ended.
	Update(text string)
	End(text string)
}

// Restarter restarts workloads one after the other. All fields are required.
type Restarter struct {
	Client client.Client
	// Pods lists pods in pages.
	Pods func(ctx context.Context, visit func([]corev1.Pod) error, options ...client.ListOption) error
	// Auditor judges the pods of a workload before it is restarted, and the new ones.
	Auditor *Auditor
	// Timeout is how long each may take to come up.
	Timeout  time.Duration
	Progress Progress
	// Now is the clock.
	Now func() time.Time
}

// Restart restarts the workloads as kubectl rollout restart does, one after the other, and waits for each until all its
// pods are new and available. The first that does not come up in time, or whose new pods are no better, ends it with an
// error that names it and says why as far as its status tells. Left alone with a word is one that is paused, that replaces
// no pods by itself (OnDelete), that is gone, or whose pods were made anew already: of that its rollout is awaited.
func (r *Restarter) Restart(ctx context.Context, workloads []Workload) error {
	for i, w := range workloads {
		err := r.restart(ctx, w, fmt.Sprintf("[%d/%d] %s %s: ", i+1, len(workloads), w.Namespace, w.short()))
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return fmt.Errorf("interrupted at %s in %s; its rollout goes on if it has begun%s", w.short(), w.Namespace, untouched(len(workloads)-i-1))
		default:
			return fmt.Errorf("restart %s in %s: %w%s", w.short(), w.Namespace, err, untouched(len(workloads)-i-1))
		}
	}
	return nil
}

// untouched ends the text of an error with what it keeps from being restarted.
func untouched(workloads int) string {
	switch workloads {
	case 0:
		return ""
	case 1:
		return "; the workload after it is not restarted"
	}
	return fmt.Sprintf("; the %d workloads after it are not restarted", workloads)
}

func (r *Restarter) restart(ctx context.Context, w Workload, name string) error {
	object := objectOf(w.Kind)
	if object == nil {
		return fmt.Errorf("a %s is not restarted", w.Kind)
	}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: w.Namespace, Name: w.Name}, object)
	if apierrors.IsNotFound(err) {
		r.Progress.End(name + "left alone, it is gone")
		return nil
	}
	if err != nil {
		return err
	}
	if why := left(object); why != "" {
		r.Progress.End(name + "left alone, " + why)
		return nil
	}
	finding, err := r.worst(ctx, w, object)
	if err != nil {
		return err
	}
	if finding == nil {
		return r.await(ctx, object, name, "not restarted, its pods were made anew already")
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]any{restartedAt: r.Now().Format(time.RFC3339)}}}}})
	if err != nil {
		return err
	}
	if err := r.Client.Patch(ctx, object, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner("sidecar-injector")); err != nil {
		return err
	}
	if err := r.await(ctx, object, name, "restarted"); err != nil {
		return err
	}
	if finding, err = r.worst(ctx, w, object); err != nil || finding == nil {
		return err
	}
	return fmt.Errorf("its new pods are no better: %s, %s", finding.Kind, finding.Detail)
}

// await waits until a rollout is complete, and ends with the word.
func (r *Restarter) await(ctx context.Context, object client.Object, name, word string) error {
	var state rollout
	gone := false
	err := wait.PollUntilContextTimeout(ctx, time.Second, r.Timeout, true, func(ctx context.Context) (bool, error) {
		err := r.Client.Get(ctx, client.ObjectKeyFromObject(object), object)
		switch {
		case apierrors.IsNotFound(err):
			gone = true
			return true, nil
		case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
			return false, err
		case err != nil && isOver(ctx): // so what is asked fails, and what was seen before counts
		case err != nil: // the API server may be back before the time is up
			state = rollout{text: err.Error()}
		default:
			state = rolloutOf(object)
		}
		if !state.done {
			r.Progress.Update(name + state.text)
		}
		return state.done, state.err
	})
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return fmt.Errorf("not up after %s: %s", r.Timeout, state.text)
	case err != nil:
		return err
	case gone:
		r.Progress.End(name + "left alone, it is gone")
		return nil
	}
	r.Progress.End(name + word + ", " + state.text)
	return nil
}

// isOver says that a context has ended, or has too little time left for a request.
func isOver(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && time.Until(deadline) < 100*time.Millisecond
}
