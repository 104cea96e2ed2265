package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// restartedAt is the annotation by which kubectl rollout restart changes a pod template.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Restarter restarts workloads one after the other.
type Restarter struct {
	Client client.Client
	// Timeout is how long each may take to come up.
	Timeout time.Duration
	// Progress is told what is done, a line each.
	Progress io.Writer
	// Now is the clock.
	Now func() time.Time
}

// Restartable returns the workloads of a report that new pods help, each once and in the report's order, and those whose
// pods have to be made anew in another way.
func (r *Report) Restartable() (restart, others []Workload) {
	seen := map[Workload]bool{}
	for _, group := range r.Findings {
		if !group.Finding.restarts() || seen[group.Workload] {
			continue
		}
		seen[group.Workload] = true
		if group.restartable() {
			restart = append(restart, group.Workload)
		} else {
			others = append(others, group.Workload)
		}
	}
	return restart, others
}

// Restart restarts the workloads as kubectl rollout restart does, one after the other, and waits for each until all its
// pods are new and available. The first that does not come up in time ends it, with an error that says why as far as its
// status tells. One that is paused, or that replaces no pods by itself (OnDelete), is left alone with a word.
func (r *Restarter) Restart(ctx context.Context, workloads []Workload) error {
	for i, w := range workloads {
		name := fmt.Sprintf("%s %s/%s (%d of %d)", w.Kind, w.Namespace, w.Name, i+1, len(workloads))
		if err := r.restart(ctx, w, name); err != nil {
			return fmt.Errorf("restart %s: %w", name, err)
		}
	}
	return nil
}

func (r *Restarter) restart(ctx context.Context, w Workload, name string) error {
	object := objectOf(w.Kind)
	if object == nil {
		return fmt.Errorf("a %s is not restarted", w.Kind)
	}
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: w.Namespace, Name: w.Name}, object); err != nil {
		return err
	}
	if why := left(object); why != "" {
		fmt.Fprintf(r.Progress, "%s: left alone, %s\n", name, why)
		return nil
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]any{restartedAt: r.Now().Format(time.RFC3339)}}}}})
	if err != nil {
		return err
	}
	if err := r.Client.Patch(ctx, object, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner("sidecar-injector")); err != nil {
		return err
	}
	return r.await(ctx, object, name)
}

// await waits until a rollout is complete.
func (r *Restarter) await(ctx context.Context, object client.Object, name string) error {
	told := ""
	tell := func(text string) {
		if text != told {
			fmt.Fprintf(r.Progress, "%s: %s\n", name, text)
			told = text
		}
	}
	var state rollout
	err := wait.PollUntilContextTimeout(ctx, time.Second, r.Timeout, true, func(ctx context.Context) (bool, error) {
		if err := r.Client.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return false, err
		}
		state = rolloutOf(object)
		tell(state.text)
		return state.done, state.err
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("not up after %s: %s", r.Timeout, state.text)
	}
	return err
}

func objectOf(kind string) client.Object {
	switch kind {
	case "Deployment":
		return &appsv1.Deployment{}
	case "StatefulSet":
		return &appsv1.StatefulSet{}
	case "DaemonSet":
		return &appsv1.DaemonSet{}
	}
	return nil
}
