//go:build linux

package envoy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// patience bounds what never takes that long unless it never ends.
const patience = 20 * time.Second

// sidecar is a pod in a world with its rules and its proxy, as the kubelet would start them.
type sidecar struct {
	*world.World
	proxy  *exec.Cmd
	output *bytes.Buffer // of the proxy; read it after stop
	stop   func()        // ends the proxy as the kubelet does, and waits for its end; a second call does nothing
}

// start injects the pod with the values, both in YAML, and runs its init container and its proxy in a new world until the
// test ends.
func start(t *testing.T, values, pod string) *sidecar {
	t.Helper()
	s := launch(t, values, pod, false)
	if err := s.awaitReady(); err != nil {
		t.Fatal(err)
	}
	return s
}

// launch is start for a proxy that may not become ready, on a node that may have no IPv6.
func launch(t *testing.T, values, pod string, noIPv6 bool) *sidecar {
	t.Helper()
	needEnvoy(t)
	injected := inject(t, values, pod)
	s := &sidecar{World: world.New(t, world.Interfaces{}), output: &bytes.Buffer{}}
	if noIPv6 {
		s.Pod.Set(t, "net/ipv6/conf/all/disable_ipv6", "1")
	}
	files := volume(t)
	if got := s.Pod.Run(t, nil, programs.redirect, files.in(argumentsOf(t, injected, "sidecar-init"))...); got.Code != 0 {
		t.Fatalf("traffic-redirect: exit code %d: %s", got.Code, got.Stderr)
	}
	s.proxy = proxyOf(t, injected, files)
	s.proxy.Stdout, s.proxy.Stderr = s.output, s.output
	err := s.Pod.Do(world.Root, func() error {
		return errors.Join(confine(injected, noIPv6), s.proxy.Start())
	})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	s.stop = func() {
		if !stopped {
			stopped = true
			_ = s.proxy.Process.Signal(syscall.SIGTERM)
			_ = s.proxy.Wait()
		}
	}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("the proxy wrote:\n%.5000s", s.output)
		}
	})
	return s
}

// volumeAt is a folder that stands for the volume that the init container and the proxy share.
type volumeAt string

// volume makes one, until the test ends, that the proxy's user can read.
func volume(t *testing.T) volumeAt {
	t.Helper()
	folder, err := os.MkdirTemp("", "sidecar-files-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return volumeAt(folder)
}

// in returns arguments with the folder where the mount stands.
func (v volumeAt) in(arguments []string) []string {
	changed := make([]string, len(arguments))
	for i, argument := range arguments {
		changed[i] = strings.ReplaceAll(argument, "/var/run/sidecar", string(v))
	}
	return changed
}

// awaitReady waits until the proxy says that it is ready.
func (s *sidecar) awaitReady() error {
	deadline := time.Now().Add(patience)
	for {
		status, _, err := s.get(s.Peer, at("pod", 0, 15021), "/healthz/ready", nil)
		if err == nil && status == http.StatusOK {
			return nil
		} else if time.Now().After(deadline) {
			return fmt.Errorf("the proxy is not ready: status %d, %w", status, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// proxyOf returns Envoy with the arguments, the environment and the user of the pod's proxy, as the kubelet would start it.
func proxyOf(t *testing.T, pod templates.Pod, files volumeAt) *exec.Cmd {
	t.Helper()
	var environment, replacements []string
	for _, entry := range container(t, pod, "sidecar-proxy")["env"].([]any) {
		variable := entry.(map[string]any)
		name := variable["name"].(string)
		value, literal := variable["value"].(string)
		if !literal {
			value = map[string]string{"SIDECAR_CPU_LIMIT": "2", "POD_NAME": "p", "POD_NAMESPACE": "shop"}[name]
		}
		value = strings.NewReplacer(replacements...).Replace(value)
		environment = append(environment, name+"="+value)
		replacements = append(replacements, "$("+name+")", value)
	}
	arguments := files.in(argumentsOf(t, pod, "sidecar-proxy"))
	for i := range arguments {
		arguments[i] = strings.NewReplacer(replacements...).Replace(arguments[i])
	}
	proxy := exec.Command(programs.envoy, arguments...)
	proxy.Env, proxy.Dir = environment, "/"
	user := container(t, pod, "sidecar-proxy")["securityContext"].(map[string]any)
	proxy.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{
		Uid: uint32(user["runAsUser"].(int64)), Gid: uint32(user["runAsGroup"].(int64)),
	}}
	return proxy
}

// access is one line of the proxy's access log.
type access map[string]any

// accesses stops the proxy, and returns the lines of its access log for which the keys have the values, in order: "direction",
// "inbound", "path", "/".
func (s *sidecar) accesses(t *testing.T, conditions ...string) []access {
	t.Helper()
	s.stop()
	var found []access
	for line := range strings.Lines(s.output.String()) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		entry := access{}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("a line of the access log: %v: %s", err, line)
		}
		matches := true
		for condition := range slices.Chunk(conditions, 2) {
			matches = matches && entry[condition[0]] == condition[1]
		}
		if matches {
			found = append(found, entry)
		}
	}
	return found
}
