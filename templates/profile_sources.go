package templates

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// Source is a ConfigMap of the mesh, from which a profile takes values, so that nothing is configured twice.
type Source struct {
	// ConfigMap is its name, and Namespace where it stands if nothing else is said.
	ConfigMap string `json:"configMap"`
	Namespace string `json:"namespace"`
	// Key of its data, and the form of the text there: SourceYAML (which JSON is too; the default) or SourceText.
	Key  string `json:"key"`
	Form string `json:"form,omitempty"`
	// Into is the dotted path of the value that the text becomes. Empty: the whole, an object.
	Into string `json:"into,omitempty"`
	// Optional says that the key may be missing.
	Optional bool `json:"optional,omitempty"`
	// Loose leaves out what the profile's values do not have, and null: the mesh has values that are none of an injector's.
	Loose bool `json:"loose,omitempty"`
}

// The forms of a source's text.
const (
	SourceYAML = "yaml"
	SourceText = "text"
)

// SourceError says what is wrong in a ConfigMap of the mesh.
type SourceError struct {
	// ConfigMap and Key are the source's, Path leads to the value; each may be empty.
	ConfigMap, Key, Path string
	Err                  error
}

func (e *SourceError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("ConfigMap %q: %s", e.ConfigMap, e.Err)
	}
	return fmt.Sprintf("ConfigMap %q, key %q: %s", e.ConfigMap, e.Key, e.Err)
}

// Unwrap returns the cause.
func (e *SourceError) Unwrap() error { return e.Err }

// WithSources returns the profile with the values of its sources laid over its own, in the order in which it lists them.
// found is the data of ConfigMaps by name; a source whose ConfigMap is not among them says nothing. Neither is changed; the
// result shares all but its values with the profile. Errors are *SourceError.
func (p *Profile) WithSources(found map[string]map[string]string) (*Profile, error) {
	changed := *p
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !slices.ContainsFunc(p.Sources, func(s Source) bool { return s.ConfigMap == name }) {
			return nil, &SourceError{ConfigMap: name, Err: fmt.Errorf("the profile %q takes no values from it, but from %s", p.Name, p.sourceNames())}
		}
	}
	for i := range p.Sources {
		source := &p.Sources[i]
		data, given := found[source.ConfigMap]
		text, there := data[source.Key]
		switch {
		case !given || !there && source.Optional:
			continue
		case !there:
			return nil, &SourceError{ConfigMap: source.ConfigMap, Err: fmt.Errorf("it has no key %q", source.Key)}
		}
		values, err := source.values(text)
		if err != nil {
			return nil, &SourceError{source.ConfigMap, source.Key, source.Into, err}
		}
		if source.Loose {
			values = known(changed.Values, values, "", p.OpenValues)
		}
		if changed.Values, err = mergeValues(changed.Values, values, p.OpenValues); err != nil {
			return nil, &SourceError{source.ConfigMap, source.Key, source.Into, err}
		}
	}
	return &changed, nil
}

func (p *Profile) sourceNames() string {
	var names []string
	for i := range p.Sources {
		names = append(names, p.Sources[i].ConfigMap)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(slices.Compact(names), " and ")
}

// values reads the text of a source.
func (s *Source) values(text string) (map[string]any, error) {
	var value any = text
	if s.Form != SourceText {
		object, err := strictyaml.Object([]byte(text))
		if err != nil {
			return nil, err
		}
		value = object
	}
	if s.Into == "" {
		object, _ := value.(map[string]any)
		return object, nil
	}
	for _, key := range slices.Backward(strings.Split(s.Into, ".")) {
		value = map[string]any{key: value}
	}
	return value.(map[string]any), nil
}

// check returns what is wrong with the form of a source.
func (s *Source) check() error {
	switch {
	case s.ConfigMap == "" || s.Namespace == "" || s.Key == "":
		return fmt.Errorf("configMap, namespace or key is empty, want all three")
	case s.Form != "" && s.Form != SourceYAML && s.Form != SourceText:
		return fmt.Errorf("form %q is not allowed, want yaml or text", s.Form)
	case s.Form == SourceText && s.Into == "":
		return fmt.Errorf("into is empty, want the value that the text becomes")
	}
	return nil
}

// known returns what of values base has too, without nulls. Below the open paths everything is known. Neither is changed.
func known(base, values map[string]any, path string, open []string) map[string]any {
	kept := map[string]any{}
	for key, value := range values {
		at := strings.TrimPrefix(path+"."+key, ".")
		below, has := base[key]
		inner, isObject := value.(map[string]any)
		underneath, both := below.(map[string]any)
		switch {
		case value == nil || !has:
		case isObject && both && !slices.Contains(open, at):
			kept[key] = known(underneath, inner, at, open)
		default:
			kept[key] = value
		}
	}
	return kept
}
