package webhook

import (
	"context"
	"fmt"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// smallPod is how many bytes a pod may have that is answered among the small ones. Nearly every pod is; what one of them
// costs at worst is some milliseconds.
const smallPod = 32 << 10

// turns answers requests in the order in which they came, and no more at once than it has room for, so that none waits
// long because many are begun. Small pods have as many turns as there are processors. Large ones have one, so that small
// ones never stand behind them, and what all of them take of the memory is what one takes.
type turns chan struct{}

func (h *Handler) turnsFor(req *admission.Request) turns {
	if len(req.Object.Raw) > smallPod {
		return h.large
	}
	return h.small
}

// run does the work of a request when it is its turn, unless nobody waits for it any more.
func (t turns) run(ctx context.Context, work func() answer) answer {
	select {
	case t <- struct{}{}:
		defer func() { <-t }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return givenUp(fmt.Errorf("wait for other requests: %w", err))
	}
	return work()
}

// givenUp is the answer that nobody reads, for the log and the metrics.
func givenUp(err error) answer {
	return answer{outcome: outcomeError, reason: reasonGivenUp, status: http.StatusServiceUnavailable, err: err}
}
