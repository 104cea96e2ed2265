package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/manifest"
)

// Apply returns raw, the text of one YAML or JSON document, changed so that it decodes to after. before is what raw
// decodes to. What is equal in both stays byte for byte. New keys follow the existing ones of their mapping in
// alphabetical order; elements of lists are found again by their name, or what else tells them apart.
//
// If raw cannot be edited, the result is after encoded anew, in the same language. An error says that after has a value
// that cannot be encoded, or is no Kubernetes object. The arguments are not changed. Any number of goroutines may call
// it.
func Apply(raw []byte, before, after map[string]any) ([]byte, error) {
	if equal(before, after) {
		return raw, nil
	}
	if text, ok := edited(raw, before, after); ok {
		return text, nil
	}
	return anew(raw, after)
}

// errCannotEdit says that a text has to be written anew.
var errCannotEdit = errors.New("the text cannot be edited")

// edited edits the text and checks the result.
func edited(raw []byte, before, after map[string]any) ([]byte, bool) {
	for _, moving := range []bool{true, false} {
		text, err := splice(raw, before, after, moving)
		if err != nil {
			continue
		}
		if decodesTo(text, after) {
			return text, true
		}
		// A literal scalar that came to the end of a text may need the line break that the text lacked.
		if text = append(text, lineBreak(raw)...); decodesTo(text, after) {
			return text, true
		}
	}
	return nil, false
}

// splice edits the text. What comes out is not checked. moving says whether elements take their text along into other
// lists.
func splice(raw []byte, before, after map[string]any, moving bool) ([]byte, error) {
	isJSON := json.Valid(raw)
	parse := parseYAML
	if isJSON {
		parse = parseJSON
	}
	root, err := parse(raw)
	if err != nil {
		return nil, err
	}
	e := newEditor(raw, root, isJSON, moving)
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

// anew encodes an object without regard to the text but for its language and line breaks.
func anew(raw []byte, object map[string]any) ([]byte, error) {
	nl := lineBreak(raw)
	if !json.Valid(raw) {
		r := renderer{text: &text{raw: raw, nl: nl}, style: style{step: 2}}
		if text := []byte(joinLines(r.mapping(object, 0, false, model{}), nl) + nl); decodesTo(text, object) {
			return text, nil
		}
	}
	// JSON can be written for whatever can be decoded, and is YAML.
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if bytes.ContainsRune(bytes.TrimSpace(raw), '\n') {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(object); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	if !decodesTo(out.Bytes(), object) {
		return nil, errors.New("encode JSON: it does not decode to the same object again")
	}
	return out.Bytes(), nil
}
