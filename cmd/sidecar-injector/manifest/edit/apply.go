package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// Apply returns raw, the text of one YAML or JSON document, changed so that it decodes to after. before is what raw
// decodes to. What is equal in both stays byte for byte. New keys follow the existing ones of their mapping in
// alphabetical order; elements of lists are found again by their name, or what else tells them apart.
//
// If raw cannot be edited, the result is after encoded anew, in the same language. An error says that after has a value
// that cannot be encoded. The arguments are not changed. Any number of goroutines may call it.
func Apply(raw []byte, before, after map[string]any) ([]byte, error) {
	if equal(before, after) {
		return raw, nil
	}
	if text, err := splice(raw, before, after); err == nil && decodesTo(text, after) {
		return text, nil
	}
	return anew(raw, after)
}

// errCannotEdit says that a text has to be written anew.
var errCannotEdit = errors.New("the text cannot be edited")

// splice edits the text. What comes out is not checked.
func splice(raw []byte, before, after map[string]any) ([]byte, error) {
	isJSON := json.Valid(raw)
	var root *node
	var err error
	if isJSON {
		root, err = parseJSON(raw)
	} else {
		root, err = parseYAML(raw)
	}
	if err != nil {
		return nil, err
	}
	e := newEditor(raw, root, isJSON)
	if err := e.root(root, before, after); err != nil {
		return nil, err
	}
	return e.result()
}

// decodesTo says whether a text is one document of that object.
func decodesTo(text []byte, object map[string]any) bool {
	documents, err := manifest.Parse("", text)
	return err == nil && len(documents) == 1 && documents[0].Object != nil && equal(documents[0].Object, object)
}

// anew encodes an object without regard to the text but for its language and line ends.
func anew(raw []byte, object map[string]any) ([]byte, error) {
	if !json.Valid(raw) {
		text, err := yaml.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("encode YAML: %w", err)
		}
		if lineBreak(raw) == "\r\n" {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
		return text, nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if bytes.ContainsRune(bytes.TrimSpace(raw), '\n') {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(object); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return out.Bytes(), nil
}
