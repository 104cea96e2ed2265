package preview

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/internal/packed"
)

// TestDiffKeepsWhatTheAuthorPacked: a diff names by size and hash what injection packed, and no text of the author's.
func TestDiffKeepsWhatTheAuthorPacked(t *testing.T) {
	own := packed.Pack([]byte(`{"written": "by the author"}`))
	documents, err := manifest.Parse("pod.yaml", fmt.Appendf(nil, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: app, image: i, args: [%s]}]}", own))
	if err != nil {
		t.Fatal(err)
	}
	previewer := newPreviewer(t, documents)
	for _, step := range []string{"injected", "injected again with another value"} {
		if step != "injected" {
			result, err := previewer.Preview(t.Context(), &documents[0])
			if err != nil {
				t.Fatal(err)
			}
			documents[0].Object = result.Object
			documents[0].Object["metadata"].(map[string]any)["annotations"].(map[string]any)["sidecar-injector.github.io/requestTimeout"] = "7s"
		}
		printed, err := previewer.Print(t.Context(), documents, FormatDiff)
		if err != nil {
			t.Fatal(err)
		}
		text := string(printed.Text)
		if !strings.Contains(text, "packed, ") || strings.Count(text, "H4sI") != strings.Count(text, own) {
			t.Errorf("%s:\n%s", step, text)
		}
		if step == "injected" && !strings.Contains(text, own) {
			t.Errorf("the author's text is not in the diff:\n%s", text)
		}
	}
}
