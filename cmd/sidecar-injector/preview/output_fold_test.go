package preview

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFolding: long texts that the other side does not have are folded, and status annotations; what is on both sides, and
// what is short, stays.
func TestFolding(t *testing.T) {
	script, config := "#!/bin/sh\nset -e\nexec app\n", strings.Repeat("x", longText+1)
	image := "registry.example.com/mesh/proxy@sha256:" + strings.Repeat("0", 64)
	before := map[string]any{"args": []any{script}, "annotations": map[string]any{"status": "{old}", "note": "a\n"}}
	after := map[string]any{
		"args": []any{script, config, "two\nlines"}, "image": image, "count": int64(2),
		"annotations": map[string]any{"status": "{new}", "note": "a\n"},
	}
	fold := func(object, other map[string]any) any {
		f := folding{keys: []string{"status"}, others: map[string]bool{}}
		f.learn(other)
		return f.folded(object, false)
	}
	want := map[string]any{
		"args": []any{script, summary(config), summary("two\nlines")}, "image": image, "count": int64(2),
		"annotations": map[string]any{"status": summary("{new}"), "note": "a\n"},
	}
	if diff := cmp.Diff(any(want), fold(after, before)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	want = map[string]any{"args": []any{script}, "annotations": map[string]any{"status": summary("{old}"), "note": "a\n"}}
	if diff := cmp.Diff(any(want), fold(before, after)); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if summary("{old}") == summary("{new}") {
		t.Error("a change of the same length is not seen")
	}
}
