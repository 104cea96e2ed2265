package main

import "syscall"

// prSetPdeathsig is PR_SET_PDEATHSIG of linux/prctl.h: the signal that this
// process gets when its parent ends. It survives exec.
const prSetPdeathsig = 1

// dieWithParent has this process killed when its parent ends.
func dieWithParent() error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetPdeathsig, uintptr(syscall.SIGKILL), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
