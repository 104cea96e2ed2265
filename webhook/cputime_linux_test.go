package webhook

import (
	"runtime"
	"syscall"
	"time"
)

// threadUsage asks for what the calling thread has used, see getrusage(2).
const threadUsage = 1

// cpuTime returns how long a function computes, in the thread that calls it: other work on the machine does not count.
func cpuTime(do func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := used()
	do()
	return used() - start
}

func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(threadUsage, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
