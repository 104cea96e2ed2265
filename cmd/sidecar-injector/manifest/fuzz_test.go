package manifest

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// FuzzParse parses any text: what can be parsed comes back byte for byte, and decodes as Kubernetes decodes it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		configMap, configMap + "---\n" + configMap, "---\n# Source: a\n" + configMap + "--- # b\n\n---\n---",
		"a: b\r\n---\r\n" + configMap, "\ufeff" + configMap + "...\n", "{\"apiVersion\":\"v1\",\"kind\":\"A\"}{\"apiVersion\":\"v1\",\"kind\":\"B\"}\n\n---\n",
		configMap + "a: &a {b: 1}\nc: {<<: *a, b: 2}\n", configMap + "data:\n  x: |+\n    ---\n\n---\n", "apiVersion: v1\nkind: A\n1: 0x1f\ny: 1e3\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		documents, err := Parse("in", data)
		if err != nil {
			return
		}
		var together []byte
		for i, d := range documents {
			together = append(append(together, d.Separator...), d.Raw...)
			if d.Number != i+1 {
				t.Errorf("document %d says it is number %d", i+1, d.Number)
			}
			if line := newlines(together) - newlines(d.Raw) + 1; !d.JSON && d.Line != line {
				t.Errorf("document %d says it is in line %d, want %d", i+1, d.Line, line)
			}
			if d.JSON || d.Object == nil {
				continue
			}
			var want any
			if err := utilyaml.Unmarshal(d.Raw, &want); err != nil {
				t.Errorf("document %d: Kubernetes cannot read it: %v", i+1, err)
			} else if diff := cmp.Diff(want, any(d.Object)); diff != "" {
				t.Errorf("document %d decoded (-as Kubernetes does +got):\n%s", i+1, diff)
			}
		}
		if !bytes.Equal(data, together) {
			t.Errorf("bytes (-want +got):\n%s", cmp.Diff(string(data), string(together)))
		}
	})
}
