package serve

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	utilcache "k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/tools/events"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// How many Events about refused pods there are: of each owner one in ownerInterval, of all together ownerBurst at once and
// ownerRate a second after that. That also bounds what client-go holds of them, which is six minutes' worth. ownersKnown is
// how many owners are remembered.
const (
	ownerInterval = time.Minute
	ownerBurst    = 25
	ownerRate     = 1
	ownersKnown   = 1000
)

// What becomes of a refusal.
const (
	ownerTold     = "told"
	ownerRepeated = "repeated" // the owner was told of one a moment ago
	ownerDropped  = "dropped"  // there are too many
)

// ownerEvents writes a Warning on the workload that owns a pod which was refused: the pod itself is stored nowhere. It may
// be used concurrently, and nothing waits for it.
type ownerEvents struct {
	recorder events.EventRecorder
	recent   *utilcache.LRUExpireCache
	limit    *rate.Limiter
	results  *prometheus.CounterVec
}

// newOwnerEvents registers its metric.
func newOwnerEvents(recorder events.EventRecorder, registerer prometheus.Registerer) (*ownerEvents, error) {
	e := &ownerEvents{
		recorder: recorder,
		recent:   utilcache.NewLRUExpireCache(ownersKnown),
		limit:    rate.NewLimiter(ownerRate, ownerBurst),
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sidecar_injector_owner_events_total",
			Help: "Refused pods that have an owner, by what became of the Event on it: told, repeated (it was told a moment ago) or dropped (there are too many).",
		}, []string{"result"}),
	}
	for _, result := range []string{ownerTold, ownerRepeated, ownerDropped} {
		e.results.WithLabelValues(result)
	}
	if err := registerer.Register(e.results); err != nil {
		return nil, fmt.Errorf("register the metric of Events: %w", err)
	}
	return e, nil
}

// tell is for webhook.Options.Refused.
func (e *ownerEvents) tell(refusal webhook.Refusal) {
	e.results.WithLabelValues(e.result(refusal)).Inc()
}

func (e *ownerEvents) result(refusal webhook.Refusal) string {
	owner := &corev1.ObjectReference{
		APIVersion: refusal.Owner.APIVersion, Kind: refusal.Owner.Kind, Namespace: refusal.Namespace, Name: refusal.Owner.Name, UID: refusal.Owner.UID}
	if _, told := e.recent.Get(*owner); told {
		return ownerRepeated
	}
	if !e.limit.Allow() {
		return ownerDropped
	}
	e.recent.Add(*owner, nil, ownerInterval)
	// The recorder has a queue, and drops what does not fit.
	e.recorder.Eventf(owner, nil, corev1.EventTypeWarning, "InjectionRefused", "Inject",
		"a pod was refused, since its sidecar cannot be injected: %s", eventNote(refusal.Err))
	return ownerTold
}
