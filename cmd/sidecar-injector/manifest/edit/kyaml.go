package edit

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/yaml/kyaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// KYAML returns a YAML or JSON document in KYAML, the form of YAML that kubectl knows: braces and quotes, in which no white
// space counts. object is what raw decodes to, and what the result does. Comments are kept, but for those of a document
// that means something else to Kubernetes than to later versions of YAML, such as the word yes without quotes. Nothing in
// it is unsafe on a terminal. A document of comments alone, whose object is nil, has no KYAML: the result is empty.
func KYAML(raw []byte, object map[string]any) ([]byte, error) {
	if object == nil {
		return nil, nil
	}
	var encoder kyaml.Encoder
	var out bytes.Buffer
	if safe, err := Safe(raw, object); err == nil {
		err = encoder.FromYAML(bytes.NewReader(safe), &out)
		if err == nil && terminal.IsSafe(out.Bytes()) && decodesTo(out.Bytes(), object) {
			return out.Bytes(), nil
		}
	}
	out.Reset()
	if err := encoder.FromObject(object, &out); err != nil {
		return nil, fmt.Errorf("write KYAML: %w", err)
	}
	return terminal.SafeText(out.Bytes()), nil
}
