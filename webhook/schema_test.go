package webhook

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/sidecar-injector/sidecar-injector/internal/schemacheck"
	"github.com/sidecar-injector/sidecar-injector/templates"
)

// refusedBySchemas says whether the published schemas refuse a configuration or the values of its built-in profile.
func refusedBySchemas(t testing.TB, config, values string) (string, bool) {
	t.Helper()
	if why, refused := schemacheck.Refuses(t, "../docs/schemas/config.schema.json", []byte(config)); refused {
		return why, true
	}
	var file struct{ Profile string }
	_ = yaml.Unmarshal([]byte(config), &file) // what is wrong there is the program's to say
	profile := cmp.Or(file.Profile, templates.DefaultProfile)
	if names, err := templates.BuiltinProfiles(); err != nil || !slices.Contains(names, profile) {
		return "", false
	}
	return schemacheck.Refuses(t, "../docs/schemas/values-"+profile+".schema.json", []byte(values))
}

// seenBySchemas says whether an error is of a kind that the schemas refuse too: wrong names, types, and choices. Kinds of
// names, patterns and relations are the program's alone.
func seenBySchemas(err error) bool {
	for _, kind := range []string{"unknown field", "is not known", ": got a", "is a string, want", "is an integer, want", "is null", "policy \"", "onError \"", "is a list, want", "operator \""} {
		if strings.Contains(err.Error(), kind) {
			return true
		}
	}
	return false
}
