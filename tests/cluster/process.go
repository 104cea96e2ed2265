package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to end by itself before it is
// killed.
const stopTimeout = 10 * time.Second

// process is a running program of ours. Its output goes to a file.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	once sync.Once
	err  error // how stopping went; set once
}

// startProcess runs a program, its output appended to the file log. The program
// is in a process group of its own, so that Ctrl-C in a terminal reaches only
// us, and on Linux the kernel kills it when this process ends.
func startProcess(name, log, path string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the process has its own
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Dir = filepath.Dir(log)
	cmd.SysProcAttr = processAttributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, log: log, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended stands in ProcessState
		close(p.done)
	}()
	return p, nil
}

// stop ends the process and waits for that. Further calls return the same.
func (p *process) stop() error {
	p.once.Do(func() {
		select {
		case <-p.done:
			p.err = fmt.Errorf("%s had ended before: %s (log in %s)", p.name, p.cmd.ProcessState, p.log)
			return
		default:
		}
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may just have ended
		select {
		case <-p.done:
		case <-time.After(stopTimeout):
			_ = p.cmd.Process.Kill()
			<-p.done
			p.err = fmt.Errorf("%s did not end within %s and was killed", p.name, stopTimeout)
		}
	})
	return p.err
}

// signal sends the process a signal, and waits for its end if the signal ends it.
func (p *process) signal(signal syscall.Signal, ends bool) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("send %s to %s: %w", signal, p.name, err)
	}
	if ends {
		<-p.done
	}
	return nil
}

// wait polls until ready says so. It gives up when the process ends, when ctx
// ends or after timeout; the error then holds ready's last one and the end of
// the log.
func (p *process) wait(ctx context.Context, timeout time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended: %s; its log %s ends with:\n%s", p.name, p.cmd.ProcessState, p.log, lastLines(p.log, 10))
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s: %w; its log %s ends with:\n%s", p.name, ctx.Err(), p.log, lastLines(p.log, 10)), last)
		case <-time.After(pollInterval):
		}
	}
}

// pollInterval is short, because what is polled is on this machine.
const pollInterval = 20 * time.Millisecond

// Eventually polls check until it returns nil. After timeout, or when ctx ends,
// it returns check's last error.
func Eventually(ctx context.Context, timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", timeout, err)
		case <-time.After(pollInterval):
		}
	}
}

// FreeAddress returns a host:port on loopback that nobody listens on now.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

// lastLines returns the last n lines of a file, for an error message.
func lastLines(file string, n int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
