package webhook

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns how long a function computes, in the thread that calls it: other work on the machine does not count.
func cpuTime(do func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := used()
	do()
	return used() - start
}

func used() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		panic(err)
	}
	return time.Duration(now.Nano())
}
