package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
	"github.com/sidecar-injector/sidecar-injector/tests/cluster/parts"
)

// earlierCommit returns the folder of the commit that testdata/upgraded-from names, whose chart and program are upgraded.
func earlierCommit(t *testing.T) string {
	t.Helper()
	name, err := os.ReadFile("testdata/upgraded-from")
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.TrimSpace(string(name))
	archive, err := exec.CommandContext(t.Context(), "git", "-C", shared.Repository, "archive", commit).Output()
	if err != nil {
		t.Skipf("SKIPPED: NO UPGRADE IS TESTED: the commit %s is not here, as in a shallow clone: git fetch --unshallow gets it", commit)
	}
	folder := t.TempDir()
	unpack := exec.CommandContext(t.Context(), "tar", "-x", "-C", folder)
	unpack.Stdin = bytes.NewReader(archive)
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("unpack the commit %s: %v\n%s", commit, err, out)
	}
	return folder
}

// TestUpgrade upgrades a release of an earlier commit, chart and program, with its own values, rolls it back, and upgrades it
// again, as docs/operations.md says, while pods are created all the time: none is refused, none starts without a sidecar.
func TestUpgrade(t *testing.T) {
	folder := earlierCommit(t)
	program := filepath.Join(folder, "bin", "sidecar-injector")
	if err := parts.BuildOwn(t.Context(), folder, "./cmd/sidecar-injector", program, io.Discard); err != nil {
		t.Fatal(err)
	}
	r := newFleetOf(t, filepath.Join(folder, "manifests", "sidecar-injector"), program)
	upgrade := func(ctx context.Context) error {
		today := r.chart
		// The release of the other tests stands beside it; and a value is another one, which pods show.
		today.Folder, today.ReuseValues = "", true
		today.Values = map[string]any{"allowOverlap": true, "values": map[string]any{"proxy": map[string]any{"logLevel": "debug"}}}
		r.program = ""
		return shared.ApplyChart(ctx, today)
	}
	back := func(ctx context.Context) error {
		r.program = program
		return shared.RollBackChart(ctx, r.chart)
	}
	earlier := hashOf(t)
	for _, step := range []struct {
		sentence string
		do       func(context.Context) error
		same     bool // pods are injected as before the first upgrade
	}{
		{"upgrade", upgrade, false},
		{"roll back", back, true},
		{"upgrade again", upgrade, false},
	} {
		t.Run(step.sentence, func(t *testing.T) {
			begin, before := time.Now(), r.load().Counts()
			if err := step.do(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := restartReplicas(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if hash := hashOf(t); (hash == earlier) != step.same {
				t.Errorf("a pod is injected by the templates %s, before the first upgrade it was %s", hash, earlier)
			}
			time.Sleep(settleTime)
			counts := r.load().Counts().Sub(before)
			t.Logf("pods: %+v", counts)
			if lost := r.load().Failures(begin); counts.Created == 0 || len(lost) > 0 {
				t.Errorf("of %d pods %d were refused, not answered or not injected:%s", counts.Created, len(lost), summary(lost))
			}
			if err := upgraded(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
}

// hashOf returns the hash of the templates and values that a pod is injected by.
func hashOf(t *testing.T) string {
	t.Helper()
	var status struct{ Hash string }
	if err := json.Unmarshal([]byte(mustCreate(t, newPod(labelledNamespace)).Annotations[statusKey]), &status); err != nil || status.Hash == "" {
		t.Fatalf("read the status: %v, hash %q", err, status.Hash)
	}
	return status.Hash
}

// upgraded checks that the release's caBundle is still what its replicas serve under.
func upgraded(ctx context.Context, r *fleet) error {
	if err := shared.WaitForCABundle(ctx, r.chart); err != nil {
		return err
	}
	if err := r.checkTrusted(); err != nil {
		return fmt.Errorf("the caBundle: %w", err)
	}
	return cluster.Eventually(ctx, waitTimeout, func(context.Context) error {
		for _, replica := range r.replicas {
			if !r.balancer.Ready(replica.name) {
				return fmt.Errorf("%s is not ready", replica.name)
			}
		}
		return nil
	})
}
