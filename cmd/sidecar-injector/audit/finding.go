package audit

// Kind is what is wrong with a pod's sidecar.
type Kind string

// The kinds, in the order in which they are told: what to do first.
const (
	// Missing: the pod should have a sidecar and has none.
	Missing Kind = "missing"
	// Failed: its injection would fail today.
	Failed Kind = "failed"
	// Unwanted: it has a sidecar and should have none.
	Unwanted Kind = "unwanted"
	// Outdated: its sidecar is of older templates or values.
	Outdated Kind = "outdated"
	// Image: an injected container runs another image than the one that it was given.
	Image Kind = "image"
	// NotReady: its sidecar is not ready.
	NotReady Kind = "not_ready"
)

// kinds are all kinds in order.
var kinds = []Kind{Missing, Failed, Unwanted, Outdated, Image, NotReady}

// restarts says whether new pods put it right.
func (k Kind) restarts() bool { return k != Failed && k != NotReady }

// Finding is what is wrong with one pod.
type Finding struct {
	Kind Kind
	// Detail says it in a sentence.
	Detail string
}
