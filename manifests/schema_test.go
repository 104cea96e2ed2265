package manifests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/templates"
	"github.com/sidecar-injector/sidecar-injector/templates/istio"
	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// chartSchema is the schema of the chart's values: written by hand up to the key allOf, and generated from there on.
const chartSchema = "sidecar-injector/values.schema.json"

// TestSchemas compares the schemas of the configuration and of the built-in profiles' values with what the program reads:
// those for editors, and their copies in the chart. With UPDATE_GOLDEN set it writes them.
func TestSchemas(t *testing.T) {
	profiles, err := templates.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	config := configSchema(t, append(slices.Clone(profiles), istio.ProfileName))
	generated := map[string]*schema{"config": config}
	for _, name := range profiles {
		generated["values-"+name] = valuesSchema(t, name)
	}
	for _, name := range slices.Sorted(maps.Keys(generated)) {
		published := *generated[name]
		published.Schema = "http://json-schema.org/draft-07/schema#"
		golden(t, "../docs/schemas/"+name+".schema.json", string(indented(t, &published))+"\n")
	}

	text, err := os.ReadFile(chartSchema)
	if err != nil {
		t.Fatal(err)
	}
	byHand, _, found := bytes.Cut(text, []byte(",\n  \"allOf\": "))
	if !found {
		t.Fatalf("%s has no key allOf, where what is generated begins", chartSchema)
	}
	tail := struct {
		AllOf       []any              `json:"allOf"`
		Definitions map[string]*schema `json:"definitions"`
	}{Definitions: generated}
	for _, name := range profiles {
		tail.AllOf = append(tail.AllOf, ofProfile(name))
	}
	golden(t, chartSchema, string(byHand)+","+strings.TrimPrefix(string(indented(t, tail)), "{")+"\n")
}

// ofProfile says that the values are those of a built-in profile where that is the one that is used: with no profile of one's
// own, and chosen by config.profile.
func ofProfile(name string) any {
	type object = map[string]any
	chosen := object{"properties": object{"profile": object{"const": name}}, "required": []string{"profile"}}
	if name == templates.DefaultProfile {
		chosen = object{"properties": object{"profile": object{"enum": []string{name, ""}}}}
	}
	return struct {
		If   any `json:"if"`
		Then any `json:"then"`
	}{
		object{"properties": object{"profile": object{"maxProperties": 0}, "config": chosen}},
		object{"properties": object{"values": object{"$ref": "#/definitions/values-" + name}}},
	}
}

// configSchema is the schema of the key config: the fields of the type that the program reads it into.
func configSchema(t *testing.T, profiles []string) *schema {
	result := schemaOf[webhook.ConfigFile](t, "../webhook/config.go")
	result.Title = "Configuration of sidecar-injector"
	for name, allowed := range webhook.Choices() {
		result.Properties[name].Enum = enum(append([]string{""}, allowed...))
	}
	result.Properties["profile"].Examples = enum(profiles) // and the name of one's own
	policy := schemaOf[templates.PodPolicy](t, "../templates/podpolicy.go")
	policy.Properties["privilegedContainers"].Enum = enum([]string{"", templates.PrivilegedProtected, templates.PrivilegedOpen})
	policy.Description = result.Properties["podPolicy"].Description
	result.Properties["podPolicy"] = policy
	return result
}

// valuesSchema is the schema of the values of a built-in profile: its defaults, its rules, and what it leaves open.
func valuesSchema(t *testing.T, name string) *schema {
	profile, err := templates.BuiltinProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	result := ofDefault(profile.Values)
	result.Title = fmt.Sprintf("Values of the profile %s of sidecar-injector", name)
	for _, path := range profile.OpenValues {
		*result.at(t, path) = schema{}
	}
	for i := range profile.ValueRules {
		rule := &profile.ValueRules[i]
		for _, path := range rule.Values {
			result.at(t, path).restrict(rule)
		}
	}
	text, err := os.ReadFile("../templates/profiles/" + name + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	result.describe(commentedYAML(t, text))
	return result
}

// golden compares a file with what it has to be. With UPDATE_GOLDEN set it is written.
func golden(t *testing.T, file, want string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is stale: run make manifests, and commit it (%v)", file, err)
	}
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(out.Bytes())
}
