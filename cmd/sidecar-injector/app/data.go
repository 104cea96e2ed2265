package app

import (
	"encoding/json"
	"io"

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
			if err == nil {
				_, err = terminal.Raw(out).Write(data)
			}
			return err
		}, nil
	}
	return nil, usageErrorf("-o: unknown output format %q, want one of text, json, yaml", name)
}
