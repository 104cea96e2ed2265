// Package reference compares the pods that a profile makes with those that a mesh's own injector made: cases in a folder that
// the environment variable REFERENCE_PODS names, one JSON object a line. Each pod goes through the webhook's handler, by the
// entry by which the API server would send it, and comes out as a whole pod: the order of every list counts.
//
//	Cases.Run     injected, skipped and refused as by the mesh   run.go
//	Cases.Twice   injecting again changes nothing                twice.go
//	Cases.Remove  remove gives the author's pod back             twice.go
//	Exception     a difference that is meant to be               exceptions.go
package reference

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"
)

// Variable names the folder of the reference pods.
const Variable = "REFERENCE_PODS"

// Case is one pod, and what the mesh's injector made of it.
type Case struct {
	Name      string            `json:"name"`
	Pod       map[string]any    `json:"pod"`
	Namespace metav1.ObjectMeta `json:"namespace"`
	// Values are laid over the mesh's settings.
	Values map[string]any `json:"values"`
	// One of these is set: the resulting pod, why it was left alone, or the error.
	Injected map[string]any `json:"injected"`
	Skipped  string         `json:"skipped"`
	Refused  string         `json:"refused"`
}

// Outcome is injected, skipped or refused.
func (c *Case) Outcome() string {
	switch {
	case c.Injected != nil:
		return "injected"
	case c.Skipped != "":
		return "skipped"
	}
	return "refused"
}

// Cases are those of one mesh.
type Cases struct {
	// All are the cases, in the order of their file.
	All []Case
	// Settings are those of the mesh that apply to every case.
	Settings map[string]any

	folder string
}

// Load reads the cases MESH-cases.jsonl and the settings MESH-settings.yaml. Without the folder the test is skipped, with a
// line that says so.
func Load(t *testing.T, mesh string) *Cases {
	t.Helper()
	folder := os.Getenv(Variable)
	if folder == "" {
		t.Skipf("NOT RUN: %s does not name a folder with the pods of %s's own injector", Variable, mesh)
	}
	log.SetLogger(logr.Discard())
	c := &Cases{folder: folder}
	settings, err := yaml.YAMLToJSONStrict([]byte(c.File(t, mesh+"-settings.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	if err := utiljson.Unmarshal(settings, &c.Settings); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(c.File(t, mesh+"-cases.jsonl")))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var one Case
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.UseNumber() // values have whole numbers
		if err := decoder.Decode(&one); err != nil {
			t.Fatalf("case %d: %v", len(c.All)+1, err)
		}
		for _, object := range []map[string]any{one.Pod, one.Values, one.Injected} {
			if err := utiljson.ConvertMapNumbers(object, 0); err != nil {
				t.Fatalf("case %d: %v", len(c.All)+1, err)
			}
		}
		c.All = append(c.All, one)
	}
	if err := lines.Err(); err != nil || len(c.All) == 0 {
		t.Fatalf("%d cases, %v", len(c.All), err)
	}
	return c
}

// File returns the text of a file beside the cases.
func (c *Cases) File(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ValuesOf are the settings with those of a case laid over them.
func (c *Cases) ValuesOf(one *Case) map[string]any { return over(c.Settings, one.Values) }

func over(base, above map[string]any) map[string]any {
	merged := maps.Clone(base)
	for _, key := range slices.Sorted(maps.Keys(above)) {
		inner, ok := above[key].(map[string]any)
		below, both := merged[key].(map[string]any)
		if merged[key] = above[key]; ok && both {
			merged[key] = over(below, inner)
		}
	}
	return merged
}
