package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// unreachable is a kubeconfig of an API server that does not answer.
const unreachable = `{apiVersion: v1, kind: Config, current-context: a,
clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}], contexts: [{name: a, context: {cluster: a, user: a}}],
users: [{name: a, user: {}}]}`

// How long the program is left alone, and how long it is asked.
const (
	idleFor = 10 * time.Second
	loadFor = 10 * time.Second
)

// memory measures the anonymous part of the resident memory of the program itself, with the built-in profile: some time
// after its start, and the most that it has while 64 clients ask it for pods of which each is of another workload. It
// runs without a cluster: its configuration is a file, its pair is made at the start, and nothing is in its caches.
func (p *parts) memory(_ int, into results) error {
	s, err := startServe(p.program, 0)
	if err != nil {
		return err
	}
	defer s.stop()
	time.Sleep(idleFor)
	idle, err := anonymous(s.process.Pid)
	if err != nil {
		return err
	}
	most, err := p.underLoad(s.process.Pid, newLoad(s.address, webhook.ScopePod.Path()))
	if err != nil {
		return err
	}
	into["memory, idle"], into["memory, load"] = measured{nameOurs: {bytes: idle}}, measured{nameOurs: {bytes: most}}
	preview, err := ofPreview(p.program)
	into["memory, preview"] = measured{nameOurs: {bytes: preview}}
	return err
}

// ofPreview returns the most resident memory, that of its file included, that the program has while it previews 1,000
// documents.
func ofPreview(program string) (float64, error) {
	preview := exec.Command(program, "preview", "-f", "-", "-o", "yaml")
	preview.Stdin = bytes.NewReader(deployments(1000))
	if err := preview.Run(); err != nil {
		return 0, fmt.Errorf("run %q: %w", preview, err)
	}
	usage, ok := preview.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("read the memory of preview: it is not known here")
	}
	return float64(usage.Maxrss) * 1024, nil
}

// underLoad returns the most memory that the process has while it is asked.
func (p *parts) underLoad(pid int, ask load) (most float64, err error) {
	ended := make(chan error, 1)
	go func() {
		for next, end := 0, wall()+loadFor; wall() < end; next += admissionsInARound {
			if _, err := ask.send(reviewsFrom(others(example), next, admissionsInARound)); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	for {
		select {
		case err := <-ended:
			return most, err
		case <-time.After(20 * time.Millisecond):
			now, err := anonymous(pid)
			if err != nil {
				return 0, err
			}
			most = max(most, now)
		}
	}
}

// waitForListener waits until somebody listens.
func waitForListener(address string) error {
	var err error
	for range 300 {
		var connection net.Conn
		if connection, err = net.Dial("tcp", address); err == nil {
			return connection.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("wait for the program: %w", err)
}

// anonymous returns the bytes of the anonymous part of a process's resident memory.
func anonymous(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the program's memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		var kibibytes float64
		if _, err := fmt.Sscanf(line, "RssAnon: %f kB", &kibibytes); err == nil {
			return kibibytes * 1024, nil
		}
	}
	return 0, errors.New("read the program's memory: no RssAnon")
}
