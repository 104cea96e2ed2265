package edit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// grown adds keys and elements to a value, and changes nothing.
func (r *random) grown(value any) any {
	switch value := value.(type) {
	case map[string]any:
		after := map[string]any{}
		if r.IntN(3) == 0 {
			after[fmt.Sprintf("new%d", r.IntN(100))] = r.value(2)
		}
		for _, key := range sortedKeys(value, false, nil) {
			after[key] = r.grown(value[key])
		}
		return after
	case []any:
		after := slices.Clone(value)
		if r.IntN(3) == 0 {
			after = slices.Insert(after, r.IntN(len(value)+1), any(map[string]any{"name": fmt.Sprintf("new%d", r.IntN(100))}))
		}
		return after
	}
	return value
}

func TestWhatIsAddedLeavesLinesAndCommentsAsTheyWere(t *testing.T) {
	for seed := range uint64(2000) {
		r := newRandom(seed)
		made := r.object(4)
		made["apiVersion"], made["kind"] = "v1", "A"
		raw := r.document(made)
		before := object(t, raw)
		after := r.grown(before).(map[string]any)
		text, err := Apply([]byte(raw), before, after)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		at := 0
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		for _, line := range strings.Split(strings.TrimSuffix(raw, "\n"), "\n") {
			if _, comment, found := strings.Cut(line, "# comment "); found && !strings.Contains(string(text), comment) {
				t.Fatalf("seed %d: the comment of line %q is gone:\n%s\n---\n%s", seed, line, raw, text)
			}
			if strings.ContainsAny(line, "{[|>*") {
				continue // It may have been changed itself.
			}
			// In JSON, what was last may have a comma now.
			found := slices.IndexFunc(lines[at:], func(l string) bool { return strings.TrimRight(l, ",\r") == strings.TrimRight(line, ",\r") })
			if found < 0 {
				t.Fatalf("seed %d: line %q is gone, or elsewhere:\n%s\n---\n%s", seed, line, raw, text)
			}
			at += found + 1
		}
	}
}
