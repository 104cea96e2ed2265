package lint

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSARIFPlaces: a place is one that SARIF 2.1.0 allows: a valid reference, relative to the working directory where the
// file is below it, and lines and columns from 1 that are left out where they are unknown.
func TestSARIFPlaces(t *testing.T) {
	working, outside := t.TempDir(), t.TempDir()
	t.Chdir(working)
	cases := map[string]struct {
		finding Finding
		want    string
	}{
		"below":                 {Finding{File: "a/b.yaml", Line: 2, Column: 3}, `[{"physicalLocation":{"artifactLocation":{"uri":"a/b.yaml"},"region":{"startLine":2,"startColumn":3}}}]`},
		"with no column":        {Finding{File: "a.yaml", Line: 2}, `[{"physicalLocation":{"artifactLocation":{"uri":"a.yaml"},"region":{"startLine":2}}}]`},
		"with no line":          {Finding{File: "a.yaml"}, `[{"physicalLocation":{"artifactLocation":{"uri":"a.yaml"}}}]`},
		"absolute, but below":   {Finding{File: filepath.Join(working, "a.yaml")}, `[{"physicalLocation":{"artifactLocation":{"uri":"a.yaml"}}}]`},
		"by a way round":        {Finding{File: "./x/../a.yaml"}, `[{"physicalLocation":{"artifactLocation":{"uri":"a.yaml"}}}]`},
		"with awkward letters":  {Finding{File: "ä b#c%d?.yaml"}, `[{"physicalLocation":{"artifactLocation":{"uri":"%C3%A4%20b%23c%25d%3F.yaml"}}}]`},
		"like a scheme":         {Finding{File: "c:d.yaml"}, `[{"physicalLocation":{"artifactLocation":{"uri":"./c:d.yaml"}}}]`},
		"elsewhere":             {Finding{File: filepath.Join(outside, "a.yaml")}, `[{"physicalLocation":{"artifactLocation":{"uri":"file://` + outside + `/a.yaml"}}}]`},
		"a flag, with no place": {Finding{}, `null`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var out bytes.Buffer
			if err := WriteSARIF(&out, []Finding{c.finding}, "devel"); err != nil {
				t.Fatal(err)
			}
			var log struct {
				Runs []struct {
					Results []struct{ Locations json.RawMessage }
				}
			}
			if err := json.Unmarshal(out.Bytes(), &log); err != nil {
				t.Fatal(err)
			}
			got := "null"
			if raw := log.Runs[0].Results[0].Locations; raw != nil {
				var compact bytes.Buffer
				if err := json.Compact(&compact, raw); err != nil {
					t.Fatal(err)
				}
				got = compact.String()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("locations (-want +got):\n%s", diff)
			}
		})
	}
}
