package manifest

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// Text returns the document as it came; a live object, which came as no text, in YAML.
func (d *Document) Text() ([]byte, error) {
	if d.Raw != nil || d.Object == nil {
		return d.Raw, nil
	}
	text, err := yaml.Marshal(d.Object)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", d, err)
	}
	return text, nil
}
