package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/manifests"
)

// serving is the program at work. It runs without a cluster: its configuration is a file, its pair is made at the start, and
// nothing is in its caches.
type serving struct {
	address string
	process *os.Process
	log     bytes.Buffer
	stop    func() // ends it, and takes away what was made for it
}

// startServe starts the program and waits until it listens. With a limit it runs in a memory cgroup of its own if this process
// may make one, and otherwise with what it would make of the limit.
func startServe(program string, limit int64) (s *serving, err error) {
	dir, err := os.MkdirTemp("", "sidecar-injector-bench")
	if err != nil {
		return nil, err
	}
	var cleanups []func()
	stop := func() {
		for _, cleanup := range cleanups {
			cleanup()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	s = &serving{stop: stop}
	kubeconfig, config := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "config.yaml")
	if err := errors.Join(os.WriteFile(kubeconfig, []byte(unreachable), 0o600), os.WriteFile(config, []byte("{}"), 0o600)); err != nil {
		return nil, err
	}
	if s.address, _, err = freeAddress(); err != nil {
		return nil, err
	}
	health, _, err := freeAddress()
	if err != nil {
		return nil, err
	}
	arguments := []string{"serve", "--kubeconfig", kubeconfig, "--namespace", "injector", "--config", config,
		"--tls-self-signed", "--publish-ca-bundle=false", "--webhook-bind-address", s.address,
		"--metrics-bind-address", "0", "--health-probe-bind-address", health}
	ctx, end := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, arguments...)
	if limit > 0 {
		group, err := memoryGroup(limit)
		if err != nil {
			fmt.Fprintf(os.Stderr, "SKIPPED: no memory cgroup, the limit is only told to the program: %s\n", err)
		} else {
			script := `echo $$ > "$0/cgroup.procs" && exec "$@"`
			command = exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", script, group, program}, arguments...)...)
			cleanups = append(cleanups, func() { _ = os.Remove(group) })
		}
		command.Env = append(os.Environ(), fmt.Sprintf("MEMORY_LIMIT=%d", limit)) // as the chart sets it
	}
	command.Stdout, command.Stderr = &s.log, &s.log
	if err := command.Start(); err != nil {
		end()
		return nil, fmt.Errorf("start %q: %w", program, err)
	}
	s.process = command.Process
	cleanups = append([]func(){func() {
		end()
		_ = command.Wait() // it was killed
		_ = os.RemoveAll(dir)
	}}, cleanups...)
	if err := waitForListener(s.address); err != nil {
		return nil, fmt.Errorf("%w: %s", err, &s.log)
	}
	return s, nil
}

// memoryGroup makes a cgroup whose processes have so much memory together.
func memoryGroup(limit int64) (group string, err error) {
	name := fmt.Sprintf("sidecar-injector-bench-%d", os.Getpid())
	for root, file := range map[string]string{"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"} {
		if _, missing := os.Stat(filepath.Join(root, "cgroup.procs")); missing != nil {
			continue
		}
		group = filepath.Join(root, name)
		if err = os.Mkdir(group, 0o755); err != nil {
			continue
		}
		if err = os.WriteFile(filepath.Join(group, file), []byte(strconv.FormatInt(limit, 10)), 0o600); err == nil {
			return group, nil
		}
		_ = os.Remove(group)
	}
	return "", errors.Join(err, errors.New("make a memory cgroup"))
}

// chartLimit returns the memory limit that the chart gives the program.
func chartLimit() (int64, error) {
	for text := range bytes.SplitSeq(manifests.Install, []byte("\n---\n")) {
		var deployment appsv1.Deployment
		if yaml.Unmarshal(text, &deployment) == nil && deployment.Kind == "Deployment" {
			return deployment.Spec.Template.Spec.Containers[0].Resources.Limits.Memory().Value(), nil
		}
	}
	return 0, errors.New("read the chart's memory limit: install.yaml has no Deployment")
}
