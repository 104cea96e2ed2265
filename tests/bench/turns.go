package main

import (
	"fmt"
	"slices"
	"time"
)

// contender is one of those that do the same work.
type contender struct {
	name string
	// run does the operations from first on, so many.
	run func(first, operations int) error
}

// turns says how contenders take turns. In each round each of them works for about the same time, on operations that
// nobody has done before in this row: no less than one, and no more than most.
type turns struct {
	rounds int
	clock  clock
	each   time.Duration
	most   int
	// warmUp is the number of operations before the first round: what runs for the first time is slow.
	warmUp int
}

// run returns the median of each contender, by its name. Before a round, prepare makes its operations ready.
func (t turns) run(prepare func(first, operations int), contenders []contender) (measured, error) {
	operations := make([]int, len(contenders))
	prepare(0, max(t.warmUp, 1))
	for i, c := range contenders {
		operations[i] = 1
		if t.warmUp == 0 {
			continue
		}
		s, err := measure(t.clock, t.warmUp, func() error { return c.run(0, t.warmUp) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		operations[i] = min(max(int(t.each/max(s.time, 1)), 1), t.most)
	}
	samples := map[string][]sample{}
	next := t.warmUp
	for round := range t.rounds {
		prepare(next, slices.Max(operations))
		for turn := range contenders {
			i := (turn + round) % len(contenders)
			c := contenders[i]
			s, err := measure(t.clock, operations[i], func() error { return c.run(next, operations[i]) })
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			samples[c.name] = append(samples[c.name], s)
		}
		next += slices.Max(operations)
	}
	medians := measured{}
	for name, all := range samples {
		medians[name] = median(all)
	}
	return medians, nil
}
