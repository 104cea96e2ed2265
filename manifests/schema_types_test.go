package manifests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/templates"
)

// schema is the part of JSON schema (draft 7) that the configuration and values need.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"` // a name, or several
	Default     any                `json:"default,omitempty"`
	Examples    []any              `json:"examples,omitempty"`
	Enum        []any              `json:"enum,omitempty"`
	Minimum     *float64           `json:"minimum,omitempty"`
	Maximum     *float64           `json:"maximum,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	// AdditionalProperties is false, or the schema of each key. Nil: any key is allowed.
	AdditionalProperties any `json:"additionalProperties,omitempty"`
}

// at returns the schema of a value at a dotted path.
func (s *schema) at(t *testing.T, path string) *schema {
	t.Helper()
	for key := range strings.SplitSeq(path, ".") {
		if s = s.Properties[key]; s == nil {
			t.Fatalf("there is no value %q", path)
		}
	}
	return s
}

// restrict adds what a rule of a profile says of a value, or of each element of a list. What is left open may be null too,
// which removes the default. What a function of the program checks is left to it.
func (s *schema) restrict(rule *templates.ValueRule) {
	if s.Type == "array" {
		s.Items = &schema{}
		s.Items.restrict(rule)
		return
	}
	s.Minimum, s.Maximum, s.Enum = rule.Min, rule.Max, append(s.Enum, enum(rule.OneOf)...)
	switch {
	case s.Type != nil || rule.Is == "resources":
	case rule.Min != nil || rule.Max != nil:
		s.Type = []string{"number", "null"}
	case rule.Is != "":
		s.Type = []string{"string", "null"}
	}
}

// describe takes the descriptions of values from the comments beside their defaults.
func (s *schema) describe(defaults *yaml.Node) {
	for i := 0; defaults.Kind == yaml.MappingNode && i+1 < len(defaults.Content); i += 2 {
		key, value := defaults.Content[i], defaults.Content[i+1]
		property := s.Properties[key.Value]
		if property == nil {
			continue // below a value that is left open
		}
		property.Description = comment(key.HeadComment, key.LineComment, value.LineComment)
		property.describe(value)
	}
}

// commentedYAML is the mapping of a YAML document, with its comments.
func commentedYAML(t *testing.T, text []byte) *yaml.Node {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil || len(document.Content) != 1 {
		t.Fatalf("read defaults: %v", err)
	}
	return document.Content[0]
}

// comment joins the lines of comments. Of several that an empty line separates, the last is about what follows.
func comment(texts ...string) string {
	var lines []string
	for _, text := range texts {
		parts := strings.Split(text, "\n\n")
		for line := range strings.SplitSeq(parts[len(parts)-1], "\n") {
			if line = strings.TrimSpace(strings.TrimPrefix(line, "#")); line != "" {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, " ")
}

// ofDefault is the schema of what may take the place of a default: of its kind, with no key that it does not have.
func ofDefault(value any) *schema {
	switch value := value.(type) {
	case map[string]any:
		s := &schema{Type: "object", Properties: map[string]*schema{}, AdditionalProperties: false}
		for key, inner := range value {
			s.Properties[key] = ofDefault(inner)
		}
		return s
	case []any:
		return &schema{Type: "array", Default: value}
	case bool:
		return &schema{Type: "boolean", Default: value}
	case string:
		return &schema{Type: "string", Default: value}
	case int64:
		return &schema{Type: "integer", Default: value}
	default:
		return &schema{Type: "number", Default: value}
	}
}

// schemaOf is the schema of a struct, with the doc comments of its fields in the Go file as descriptions.
func schemaOf[T any](t *testing.T, file string) *schema {
	t.Helper()
	of := reflect.TypeFor[T]()
	s := ofType(of)
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok || spec.Name.Name != of.Name() {
			return true
		}
		said := "" // of the fields below it too that have no comment
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			if field.Doc != nil {
				said = strings.Join(strings.Fields(field.Doc.Text()), " ")
			}
			for _, name := range field.Names {
				typed, _ := of.FieldByName(name.Name)
				s.Properties[jsonName(&typed)].Description = said
				found = true
			}
		}
		return false
	})
	if !found {
		t.Fatalf("%s has no struct %s", file, of.Name())
	}
	return s
}

func jsonName(field *reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// ofType is the schema of what is read into a type.
func ofType(of reflect.Type) *schema {
	switch of.Kind() {
	case reflect.Struct:
		s := &schema{Type: "object", Properties: map[string]*schema{}, AdditionalProperties: false}
		for i := range of.NumField() {
			field := of.Field(i)
			s.Properties[jsonName(&field)] = ofType(field.Type)
			if !strings.Contains(field.Tag.Get("json"), ",omit") {
				s.Required = append(s.Required, jsonName(&field))
			}
		}
		return s
	case reflect.Map:
		return &schema{Type: "object", AdditionalProperties: ofType(of.Elem())}
	case reflect.Slice:
		return &schema{Type: "array", Items: ofType(of.Elem())}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.String:
		if of == reflect.TypeFor[metav1.LabelSelectorOperator]() {
			return &schema{Type: "string", Enum: enum([]string{"In", "NotIn", "Exists", "DoesNotExist"})}
		}
		return &schema{Type: "string"}
	}
	panic("no schema of " + of.String()) // a field of a new kind
}

func enum(values []string) []any {
	var all []any
	for _, value := range values {
		all = append(all, value)
	}
	return all
}
