package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/sidecar-injector/sidecar-injector/internal/quote"
	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
	"github.com/sidecar-injector/sidecar-injector/internal/suggest"
)

// mergeValues lays overrides over the defaults as an RFC 7386 merge patch (maps merge, everything else replaces, null
// removes) and returns a new map. An override that the defaults do not have, or of another type, is an error that
// names its path, a *ValueError, unless a path of open covers it.
func mergeValues(defaults, overrides map[string]any, open []string) (map[string]any, error) {
	if err := checkValues("", defaults, overrides, open); err != nil {
		return nil, err
	}
	if defaults == nil {
		defaults = map[string]any{}
	}
	if overrides == nil {
		overrides = map[string]any{}
	}
	base, err := json.Marshal(defaults)
	if err != nil {
		return nil, fmt.Errorf("encode default values: %w", err)
	}
	patch, err := json.Marshal(overrides)
	if err != nil {
		return nil, fmt.Errorf("encode values: %w", err)
	}
	merged, err := jsonpatch.MergePatch(base, patch)
	if err != nil {
		return nil, fmt.Errorf("merge values: %w", err)
	}
	return strictyaml.DecodeObject(merged)
}

func checkValues(prefix string, defaults, overrides map[string]any, open []string) error {
	for _, key := range slices.Sorted(maps.Keys(overrides)) { // so that one error is always the same
		value, at := overrides[key], prefix+key
		known, ok := defaults[key]
		switch {
		case slices.Contains(open, at):
			continue
		case !ok:
			allowed := slices.Sorted(maps.Keys(defaults))
			meant := suggest.Name(key, allowed)
			return &ValueError{Path: at, Suggestion: meant,
				Problem: "is not known" + suggest.Question(meant) + ": allowed here are " + strings.Join(allowed, ", ")}
		case strictyaml.Kind(known) != strictyaml.Kind(value):
			return &ValueError{Path: at, Problem: fmt.Sprintf("is %s, want %s", strictyaml.Kind(value), strictyaml.Kind(known))}
		}
		if inner, ok := value.(map[string]any); ok {
			if err := checkValues(at+".", known.(map[string]any), inner, open); err != nil {
				return err
			}
		}
	}
	return nil
}

// ValueError says that a value of the configuration cannot be used.
type ValueError struct {
	// Path leads to the value, such as proxy.image.
	Path string
	// Problem is what there is and what is allowed.
	Problem string
	// Suggestion is the name that was perhaps meant; Problem has it too. Empty: none.
	Suggestion string
}

func (e *ValueError) Error() string { return quote.Text(fmt.Sprintf("value %q %s", e.Path, e.Problem)) }
