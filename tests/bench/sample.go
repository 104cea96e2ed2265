package main

import (
	"cmp"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// sample is what one operation cost.
type sample struct {
	time        time.Duration
	allocations float64
	bytes       float64
}

// clock says how time is measured.
type clock func() time.Duration

// processor is the time that all cores spent for this process.
func processor() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // who is asked for is a constant
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

var started = time.Now()

// wall is the time on the clock.
func wall() time.Duration { return time.Since(started) }

// measure runs so many operations and returns what one of them cost.
func measure(clock clock, operations int, run func() error) (sample, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := clock()
	err := run()
	spent := clock() - begin
	runtime.ReadMemStats(&after)
	n := float64(operations)
	return sample{
		time:        time.Duration(float64(spent) / n),
		allocations: float64(after.Mallocs-before.Mallocs) / n,
		bytes:       float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, err
}

// median returns the median of each number. There is at least one sample.
func median(samples []sample) sample {
	return sample{
		time:        middle(samples, func(s sample) time.Duration { return s.time }),
		allocations: middle(samples, func(s sample) float64 { return s.allocations }),
		bytes:       middle(samples, func(s sample) float64 { return s.bytes }),
	}
}

func middle[T cmp.Ordered](samples []sample, of func(sample) T) T {
	var all []T
	for _, s := range samples {
		all = append(all, of(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
