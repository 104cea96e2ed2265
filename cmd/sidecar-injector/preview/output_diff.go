package preview

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"go.yaml.in/yaml/v2"
	kyaml "sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
	"github.com/sidecar-injector/sidecar-injector/internal/packed"
)

func renderDiff(out *bytes.Buffer, result *Result) error {
	for _, unknown := range result.Unknown {
		out.WriteString(terminal.Text(result.Document.Source+": "+unknown+": "+manifest.UnknownPods) + "\n")
	}
	for i := range result.Workloads {
		w := &result.Workloads[i]
		unchanged := ""
		if w.Decision == "inject" && w.Patch == nil {
			unchanged = ", nothing to change"
		}
		out.WriteString(result.heading(w, w.verdict()+unchanged))
		for _, probe := range w.Probes {
			out.WriteString(result.heading(w, probe))
		}
		if w.Patch == nil {
			continue
		}
		before, err := yaml.Marshal(result.readable(w, w.Before))
		if err != nil {
			return fmt.Errorf("encode %s: %w", w.title(), err)
		}
		after, err := yaml.Marshal(result.readable(w, w.After))
		if err != nil {
			return fmt.Errorf("encode %s: %w", w.title(), err)
		}
		name := terminal.Text(strings.ToLower(w.Kind) + "/" + w.Name + ".yaml")
		out.Write(diff.Diff(result.words.before+"/"+name, before, result.words.after+"/"+name, after))
	}
	return nil
}

// readable returns a workload's object for people: what injection packed in it is YAML, or its size and its hash, which
// shows a change; so are, where a diff is folded, the status annotation and long texts that are new. What its author packed
// stays as it is.
func (r *Result) readable(w *Workload, object map[string]any) any {
	readable := packed.Within(object, w.packed, func(text []byte) any {
		if !r.full {
			sum := sha256.Sum256(text)
			return fmt.Sprintf("packed, %d bytes, SHA-256 %x... (--full shows them)", len(text), sum[:4])
		}
		readable, err := kyaml.JSONToYAML(text)
		if err != nil {
			return string(text) // it is no JSON
		}
		return string(readable)
	})
	if r.fold == nil || r.full {
		return readable
	}
	f := folding{keys: r.fold, others: map[string]bool{}}
	for _, side := range []map[string]any{w.Before, w.After} {
		if !same(side, object) {
			f.learn(side)
		}
	}
	return f.folded(readable, false)
}
