// Package schemacheck holds examples of tests against the published JSON schemas, which must refuse nothing that the program
// takes.
package schemacheck

import (
	"encoding/json"
	"os"
	"testing"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"
)

// Refuses says whether the schema in a file refuses a YAML document, and why. No text is an empty object; what is no YAML is
// refused by no schema.
func Refuses(t testing.TB, file string, text []byte) (why string, refused bool) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var schema spec.Schema
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	var document any = map[string]any{}
	if len(text) > 0 && yaml.Unmarshal(text, &document) != nil {
		return "", false
	}
	result := validate.NewSchemaValidator(&schema, nil, "", strfmt.Default).Validate(document)
	if len(result.Errors) == 0 {
		return "", false
	}
	return result.Errors[0].Error(), true
}
