package certs

import "context"

// Trust knows which CA verifies a serving pair.
type Trust interface {
	// CABundle returns, in PEM, the CA of the pair that is served. Nil: there is
	// none yet. It never blocks, may lag behind the truth, and the result must not
	// be changed.
	CABundle() []byte
	// LiveCABundle is the same, asked of where the pair comes from. Replicas that
	// ask before they write agree on what to write, however far their caches lag.
	LiveCABundle(context.Context) ([]byte, error)
}
