package certs

import (
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// pairUntil returns a pair under the CA that is valid from begin to end, both
// since epoch.
func (ca *testCA) pairUntil(t *testing.T, begin, end time.Duration) *Pair {
	t.Helper()
	certificate, key := ca.leafUntil(t, epoch.Add(begin), epoch.Add(end))
	pair, err := ParsePair(certificate, key, ca.pem, epoch.Add(begin))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// The rule of adoption. Every time is since epoch; the old pair is valid to 100 h.
func TestDecide(t *testing.T) {
	ca := newCA(t, "ours")
	old, renewed := ca.pairUntil(t, 0, 100*time.Hour), ca.pairUntil(t, 50*time.Hour, 150*time.Hour)
	mortal := newCAUntil(t, "mortal", epoch.Add(60*time.Hour)).pairUntil(t, 0, 100*time.Hour)
	const never = time.Duration(-1) // not trusted
	const h, m, s = time.Hour, time.Minute, time.Second
	for name, test := range map[string]struct {
		offered, serving *Pair
		now, since       time.Duration
		slack            time.Duration
		servingTrusted   bool
		adopt            bool
		reason           string
		at               time.Duration // 0: no time
	}{
		"a replica that serves nothing serves what there is":          {renewed, nil, 60 * h, 50 * h, 5 * m, false, true, becauseFirst, 0},
		"even if nobody trusts it":                                    {renewed, nil, 60 * h, never, 5 * m, false, true, becauseFirst, 0},
		"even if it is trusted for a second only":                     {renewed, nil, 50*h + s, 50 * h, 5 * m, false, true, becauseFirst, 0},
		"what is served already is not adopted again":                 {old, old, 60 * h, 0, 5 * m, true, false, becauseServed, 0},
		"not even if it is not trusted":                               {old, old, 60 * h, never, 5 * m, false, false, becauseServed, 0},
		"a pair that was trusted for the slack is adopted":            {renewed, old, 50*h + 5*m, 50 * h, 5 * m, true, true, becauseTrusted, 0},
		"one second before that it is not":                            {renewed, old, 50*h + 5*m - s, 50 * h, 5 * m, true, false, becauseYoung, 50*h + 5*m},
		"without a slack it is adopted at once":                       {renewed, old, 50 * h, 50 * h, 0, true, true, becauseTrusted, 0},
		"an untrusted pair is not adopted":                            {renewed, old, 60 * h, never, 5 * m, true, false, becauseUntrusted, 100*h - m},
		"not even without a slack":                                    {renewed, old, 60 * h, never, 0, true, false, becauseUntrusted, 100 * h},
		"not if nobody trusts the old one either":                     {renewed, old, 60 * h, never, 5 * m, false, false, becauseUntrusted, 100*h - m},
		"it is adopted a minute before the old one expires":           {renewed, old, 100*h - m, never, 5 * m, true, true, becauseNoTime, 0},
		"not a second earlier":                                        {renewed, old, 100*h - m - s, never, 5 * m, true, false, becauseUntrusted, 100*h - m},
		"with a slack of seconds it is so many seconds before":        {renewed, old, 100*h - 11*s, never, 10 * s, true, false, becauseUntrusted, 100*h - 10*s},
		"and in any case when the old one has expired":                {renewed, old, 101 * h, never, 5 * m, false, true, becauseNoTime, 0},
		"a trusted one too, however young the trust":                  {renewed, old, 101 * h, 101 * h, 5 * m, false, true, becauseDistrust, 0},
		"also if the old one is trusted to its last second":           {renewed, old, 100 * h, 100 * h, 5 * m, true, true, becauseTrusted, 0},
		"a slack longer than what is left is cut to its half":         {renewed, old, 92 * h, 91 * h, 24 * h, true, false, becauseYoung, 94 * h},
		"so that after it as much is left as it took":                 {renewed, old, 94 * h, 91 * h, 24 * h, true, true, becauseTrusted, 0},
		"a long slack is cut for a pair that was trusted long before": {renewed, old, 66*h + 40*m, 50 * h, 48 * h, true, true, becauseTrusted, 0},
		"a leaf that ends with its CA gives way before that":          {renewed, mortal, 60*h - m, never, 5 * m, true, true, becauseNoTime, 0},
		"a young pair is served a minute before the old one expires":  {renewed, old, 100*h - m, 100*h - 65*s, 5 * m, true, true, becauseTrusted, 0},
		"but not a second too early":                                  {renewed, old, 66*h - s, 49 * h, 48 * h, true, false, becauseYoung, 66 * h},
		"an old pair that is not trusted any more is given up":        {renewed, old, 50*h + s, 50 * h, 5 * m, false, true, becauseDistrust, 0},
		"an older pair that was put back waits like a new one":        {old, renewed, 60*h + 4*m, 60 * h, 5 * m, true, false, becauseYoung, 60*h + 5*m},
	} {
		t.Run(name, func(t *testing.T) {
			clock := clocktesting.NewFakePassiveClock(epoch.Add(test.now))
			situation := situation{now: clock.Now(), slack: test.slack, offered: test.offered, serving: test.serving, servingTrusted: test.servingTrusted}
			if test.since != never {
				situation.offeredSince = epoch.Add(test.since)
			}
			want := verdict{adopt: test.adopt, reason: test.reason}
			if test.at != 0 {
				want.at = epoch.Add(test.at)
			}
			got := decide(situation)
			if got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
			if got.at.IsZero() {
				return
			}
			clock.SetTime(got.at)
			if situation.now = clock.Now(); !decide(situation).adopt {
				t.Error("it is not adopted at the time that it tells")
			}
		})
	}
}
