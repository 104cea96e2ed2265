//go:build !linux

package webhook

import "time"

// cpuTime returns how long a function takes.
func cpuTime(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}
