package release

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestWorkflows shows what actionlint does not look at: actions of others are pinned by commit, with the version behind
// it, and no job may do more than read unless it says so itself.
func TestWorkflows(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(repository, ".github", "workflows", "*.yaml"))
	if err != nil || len(names) < 2 {
		t.Fatalf("workflows: %v, %v", names, err)
	}
	uses := regexp.MustCompile(`(?m)^ *-? *uses: (.*)$`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range uses.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(use[1], "./") && !pinned.MatchString(use[1]) {
				t.Errorf("%s: %q is not pinned by commit with its version behind it", filepath.Base(name), use[1])
			}
		}
		var workflow struct{ Permissions map[string]string }
		if err := yaml.Unmarshal(text, &workflow); err != nil {
			t.Fatal(err)
		}
		if workflow.Permissions == nil {
			t.Errorf("%s: no permissions are given, so that all of the repository's defaults are", filepath.Base(name))
		}
		for scope, access := range workflow.Permissions {
			if access != "read" {
				t.Errorf("%s: every job may %s %s", filepath.Base(name), access, scope)
			}
		}
	}
}
