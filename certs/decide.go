package certs

import "time"

// lastCall is how long before its end an old pair gives way to a new one that
// nobody is known to trust.
const lastCall = time.Minute

// Why a pair is served from now on, or not yet.
const (
	becauseServed    = "it is served already"
	becauseFirst     = "there is no other"
	becauseTrusted   = "every caBundle has verified it for long enough"
	becauseDistrust  = "a caBundle does not verify the old one any more, and every one verifies it"
	becauseNoTime    = "the old one expires, though not every caBundle verifies it"
	becauseUntrusted = "not every caBundle verifies it"
	becauseYoung     = "every caBundle verifies it, but not for long enough"
)

// situation is all that the adoption of a pair depends on.
type situation struct {
	now time.Time
	// slack is how long every caBundle shall have verified a pair before it is
	// served.
	slack time.Duration
	// offered is a pair that is good in itself. Required.
	offered *Pair
	// offeredSince is since when every caBundle verifies it; zero: one does not.
	offeredSince time.Time
	// serving is the pair that is served; nil: none.
	serving *Pair
	// servingTrusted says that every caBundle verifies it.
	servingTrusted bool
}

// verdict is what to do with a pair that is offered.
type verdict struct {
	adopt  bool
	reason string
	// at is when the answer becomes another one by itself; zero: only when
	// something changes.
	at time.Time
}

// decide is the rule of adoption. While an old pair is served, a new one waits
// until every caBundle has verified it for the slack, so that it is known in the
// caches of all API servers, by clocks that differ. Of what is left of the old
// pair's life the waiting takes at most half. Before the old one expires the new
// one is served in any case, and at once where the old one is not trusted any
// more but the new one is.
func decide(s situation) verdict {
	switch {
	case s.serving == nil:
		return verdict{adopt: true, reason: becauseFirst}
	case s.offered.equal(s.serving):
		return verdict{reason: becauseServed}
	}
	end := s.serving.End
	last := end.Add(-min(s.slack, lastCall))
	if s.offeredSince.IsZero() {
		if !s.now.Before(last) {
			return verdict{adopt: true, reason: becauseNoTime}
		}
		return verdict{reason: becauseUntrusted, at: last}
	}
	if !s.servingTrusted {
		return verdict{adopt: true, reason: becauseDistrust}
	}
	// The waiting w = t - since is at most half of what is left at its end, end - t.
	half := s.offeredSince.Add(max(0, end.Sub(s.offeredSince)) / 3)
	at := earlier(s.offeredSince.Add(s.slack), earlier(half, last))
	if s.now.Before(at) {
		return verdict{reason: becauseYoung, at: at}
	}
	return verdict{adopt: true, reason: becauseTrusted}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
