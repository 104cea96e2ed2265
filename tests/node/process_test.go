//go:build linux

package node_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
)

// proxyCommand and appCommand are how the command lines of a pod's processes begin.
const (
	proxyCommand = "/usr/local/bin/envoy\x00"
	appCommand   = "/app\x00serve"
)

// kill kills the process of a pod whose command line begins so, as the kernel would
// where memory is short.
func (s *space) kill(pod *corev1.Pod, command string) {
	s.Helper()
	id, err := strconv.Atoi(filepath.Base(s.process(pod, command)))
	if err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
}

// process finds the process of a pod whose command line begins so, and returns its folder below /proc.
func (s *space) process(pod *corev1.Pod, command string) string {
	s.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range names {
		folder := filepath.Dir(name)
		line, _ := os.ReadFile(name) // it may have ended
		groups, _ := os.ReadFile(filepath.Join(folder, "cgroup"))
		if strings.HasPrefix(string(line), command) && strings.Contains(string(groups), string(pod.UID)) {
			return folder
		}
	}
	s.Fatalf("%q does not run in pod %q", command, pod.Name)
	return ""
}

// throttled is in how many periods the proxy of a pod got no more CPU time, though it wanted it.
func (s *space) throttled(pod *corev1.Pod) int {
	s.Helper()
	folder := s.process(pod, proxyCommand)
	groups, err := os.ReadFile(filepath.Join(folder, "cgroup"))
	if err != nil {
		s.Fatal(err)
	}
	// A line is "4:cpu:/path", or "0::/path" in version 2.
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		file, err := os.Open(filepath.Join("/sys/fs/cgroup", parts[1], parts[2], "cpu.stat"))
		if err != nil {
			continue // of another controller
		}
		defer func() { _ = file.Close() }()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "nr_throttled "); ok {
				count, err := strconv.Atoi(text)
				if err != nil {
					s.Fatal(err)
				}
				return count
			}
		}
	}
	s.Fatalf("the proxy of pod %q has no CPU limit that the kernel knows", pod.Name)
	return 0
}
