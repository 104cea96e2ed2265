package cluster_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// TestRunbooks: the commands of docs/runbooks.md run as they stand, but for those that need a pod that runs. What ours find
// is no error here: the replicas of this cluster are no pods.
func TestRunbooks(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, nil)
	if _, _, err := shared.Kubectl(t.Context(), "", "-n", namespace, "apply", "-f", filepath.Join(shared.Repository, "examples", "myapp.yaml")); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(shared.Repository, "docs", "runbooks.md"))
	if err != nil {
		t.Fatal(err)
	}
	needsPod := regexp.MustCompile(` logs | top | port-forward |^curl `)
	ran := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		line, isCommand := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		if !isCommand || ran[line] || needsPod.MatchString(line) {
			continue
		}
		ran[line] = true
		words := strings.Fields(strings.NewReplacer("NAMESPACE", namespace, "NAME", "myapp").Replace(line))
		switch words[0] {
		case "kubectl":
			if _, _, err := shared.Kubectl(t.Context(), "", words[1:]...); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		case "sidecar-injector":
			args := append(words[1:], "--kubeconfig="+shared.Kubeconfig)
			if words[1] != "certs" { // other tests have injectors of their own
				args = append(args, "--injector="+cluster.Release)
			}
			command := exec.CommandContext(t.Context(), shared.Binary, args...)
			if out, err := command.CombinedOutput(); err != nil && command.ProcessState.ExitCode() != 1 {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		default:
			t.Errorf("%s: of which program is it?", line)
		}
	}
	if len(ran) < 8 {
		t.Errorf("runbooks.md has %d commands that can run here: is it read as it stands?", len(ran))
	}
}
