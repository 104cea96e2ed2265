package release

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPrepare prepares a release in a clone: nothing says the old version then but the past, the chart renders what
// install.yaml has, and done again it changes nothing.
func TestPrepare(t *testing.T) {
	clone := filepath.Join(t.TempDir(), "clone")
	if _, err := run(t.Context(), repository, nil, "git", "clone", "--quiet", "--shared", ".", clone); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(clone, chartPlace, "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	old := string(appVersion.FindSubmatch(text)[1])
	changed, err := Prepare(t.Context(), clone, testVersion, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"CHANGELOG.md", "README.md", "docs/airgapped.md", "manifests/install.yaml", "templates/profiles/envoy/values.yaml"} {
		if !slices.Contains(changed, name) {
			t.Errorf("%s is as it was", name)
		}
	}
	left, err := run(t.Context(), clone, nil, "git", "grep", "-nE", `(^|[^0-9.])`+regexp.QuoteMeta(old)+`($|[^0-9./-])`, "--", "README.md", "docs", "manifests", "templates", "examples")
	if err == nil {
		t.Errorf("the old version is still in\n%s", left)
	}
	rendered, err := helm(t, "template", "sidecar-injector", filepath.Join(clone, chartPlace), "--namespace", "sidecar-injector", "--set", "namespace.create=true", "--skip-tests")
	if err != nil {
		t.Fatal(err)
	}
	install, err := os.ReadFile(filepath.Join(clone, "manifests", "install.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rendered, string(install)); diff != "" {
		t.Errorf("install.yaml is not what the chart renders (-chart +install.yaml):\n%s", diff)
	}
	if changed, err := Prepare(t.Context(), clone, testVersion, time.Now()); err != nil || len(changed) > 0 {
		t.Errorf("prepared again: %v, %v, want no change", strings.Join(changed, ", "), err)
	}
}
