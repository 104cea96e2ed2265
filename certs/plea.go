package certs

import "time"

const (
	// pleaGrace is how long a Secret stays bad before cert-manager is asked for
	// another pair: most of what is wrong it sees and mends by itself.
	pleaGrace = 10 * time.Second
	// From one time that cert-manager is asked to the next, twice as long each time.
	pleaFirst = time.Minute
	pleaMost  = time.Hour
)

// plea tells when to ask cert-manager for another pair. Its zero value has not
// asked yet.
type plea struct {
	at   time.Time // when to ask next; zero: nothing is wrong
	wait time.Duration
}

// due reports whether to ask now, and when to call again; zero if nothing is
// wrong.
func (p *plea) due(wrong bool, now time.Time) (ask bool, again time.Time) {
	switch {
	case !wrong:
		*p = plea{}
	case p.at.IsZero():
		*p = plea{at: now.Add(pleaGrace), wait: pleaFirst}
	case !now.Before(p.at):
		p.at, p.wait = now.Add(p.wait), min(2*p.wait, pleaMost)
		return true, p.at
	}
	return false, p.at
}
