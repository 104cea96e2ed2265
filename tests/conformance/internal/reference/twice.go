package reference

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// Twice injects what was injected again, which changes nothing.
func (c *Cases) Twice(t *testing.T, p *Profile) {
	c.injected(t, p, func(t *testing.T, one *Case, pod map[string]any) {
		again := c.admit(t, p, one, pod)
		if !again.Allowed || len(again.Patch) > 0 {
			t.Errorf("the second injection: allowed %v, %v, patch %s", again.Allowed, again.Result, again.Patch)
		}
	})
}

// Remove takes the injection away again, which gives the pod as its author wrote it.
func (c *Cases) Remove(t *testing.T, p *Profile) {
	c.injected(t, p, func(t *testing.T, one *Case, pod map[string]any) {
		removed, _, ok, err := templates.Remove(pod, p.status(t))
		if err != nil || !ok {
			t.Fatalf("removed: %v, %v", ok, err)
		}
		author, left := comparable(plain(one.Pod)), comparable(plain(removed))
		for _, pod := range []map[string]any{author, left} {
			metadata := pod["metadata"].(map[string]any)
			maps.DeleteFunc(metadata, func(_ string, value any) bool { return empty(value) }) // as the API server does
		}
		if diff := cmp.Diff(author, left); diff != "" {
			t.Errorf("removed (-author +left):\n%s", changes(diff))
		}
	})
}

// injected calls check for each case that we inject, and prints how many passed.
func (c *Cases) injected(t *testing.T, p *Profile, check func(t *testing.T, one *Case, pod map[string]any)) {
	passed, all := 0, 0
	for i := range c.All {
		one := &c.All[i]
		answer := c.admit(t, p, one, one.Pod)
		if answer.AuditAnnotations["decision"] != "inject" {
			continue
		}
		all++
		if t.Run(one.Name, func(t *testing.T) { check(t, one, apply(t, one.Pod, answer.Patch)) }) {
			passed++
		}
	}
	t.Logf("%d of %d", passed, all)
	if all == 0 {
		t.Error("nothing was injected")
	}
}
