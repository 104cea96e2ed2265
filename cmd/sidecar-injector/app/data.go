package app

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// parseDataFormat returns the writer of an output format: text, json or yaml. The error lists them.
func parseDataFormat[T any](name string, text func(T, io.Writer) error) (func(T, io.Writer) error, error) {
	switch name {
	case "text":
		return text, nil
	case "json":
		return func(value T, out io.Writer) error {
			encoder := json.NewEncoder(terminal.JSON(out))
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			return encoder.Encode(value)
		}, nil
	case "yaml":
		return func(value T, out io.Writer) error {
			data, err := yaml.Marshal(value)
			if err != nil || !terminal.IsText(string(data)) { // It has characters that no YAML may have as they are.
				data, err = quotedYAML(value)
			}
			if err == nil {
				_, err = out.Write(data)
			}
			return err
		}, nil
	}
	return nil, unknownFormat(name, "text", "json", "yaml")
}

// formatWide is the format text with more in it.
const formatWide = "wide"

// unknownFormat is the error of an output format that is none of those that are known.
func unknownFormat(name string, known ...string) error {
	return usageErrorf("-o: unknown output format %q, want one of %s", name, strings.Join(known, ", "))
}

// quotedYAML encodes a value with all text in double quotes that is not printable: what a terminal.Writer makes of that
// means the same in YAML.
func quotedYAML(value any) ([]byte, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var escaped bytes.Buffer // The parser refuses what is not printable.
	if _, err := terminal.NewWriter(&escaped).Write(data); err != nil {
		return nil, err
	}
	var root yaml3.Node
	if err := yaml3.Unmarshal(escaped.Bytes(), &root); err != nil {
		return nil, err
	}
	var restyle func(n *yaml3.Node)
	restyle = func(n *yaml3.Node) {
		n.Style = 0
		if n.Kind == yaml3.ScalarNode && !terminal.IsText(n.Value) {
			n.Style = yaml3.DoubleQuotedStyle
		}
		for _, child := range n.Content {
			restyle(child)
		}
	}
	restyle(&root)
	return yaml3.Marshal(&root)
}
