// Command demo shows the injector at work: it starts a real control plane on
// this machine, installs the chart, runs the injector, creates the example's
// pods and says what changed in one of them. As root on Linux it goes on to a real
// node: the pods run, and a request goes through two sidecars. Then it waits for
// Ctrl-C, so that the cluster can be tried; with DEMO_EXIT=1 in the environment it
// ends at once, with exit code 0 only if all went well. What it shows of the running pods
// goes to the file DEMO_RECORD too, where that is set; a picture is drawn from it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	d := &demo{out: os.Stdout, stay: os.Getenv("DEMO_EXIT") != "1", record: os.Getenv("DEMO_RECORD")}
	d.color = d.record != "" || isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == ""
	// From the first signal on another one ends the demo at once.
	context.AfterFunc(ctx, stop)
	code, err := enter(ctx, d)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
