// Command tether runs a program that ends when its starter does, even when the
// starter is killed and cannot stop it:
//
//	tether PROGRAM [ARGUMENT...]
//
// It asks the kernel for that and then becomes the program. The test cluster
// uses it for the programs that somebody else's code starts. On systems other
// than Linux it only becomes the program.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

func main() {
	// What is asked of the kernel belongs to the thread that asks; exec must
	// come from the same one.
	runtime.LockOSThread()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: tether PROGRAM [ARGUMENT...]")
		os.Exit(2)
	}
	if err := dieWithParent(); err != nil {
		fmt.Fprintln(os.Stderr, "error: tether:", err)
		os.Exit(1)
	}
	err := syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	fmt.Fprintf(os.Stderr, "error: tether: run %q: %v\n", os.Args[1], err)
	os.Exit(1)
}
