package templates

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	corev1 "k8s.io/api/core/v1"

	"github.com/sidecar-injector/sidecar-injector/internal/strictyaml"
)

// objectFunctions returns the functions for maps and for lists of objects, each linear in the size of its arguments, of which
// they change none:
//
//	overlaid MAP...             a map of all entries; of several of one key, the last
//	withPrefix PREFIX MAP       the entries of MAP whose keys begin with PREFIX, by what follows it
//	lastOfName LIST...          the elements of all lists, which have names; of several of one name the last, where the first stood
//	environment KEY VALUE       VALUE, checked: variables as a container has them, a list in JSON. Empty: none
func objectFunctions() template.FuncMap {
	return template.FuncMap{
		"overlaid":    overlaid,
		"withPrefix":  withPrefix,
		"lastOfName":  lastOfName,
		"environment": environment,
	}
}

func overlaid(maps ...any) (map[string]any, error) {
	all := map[string]any{}
	for _, one := range maps {
		switch one := one.(type) {
		case map[string]any:
			for key, value := range one {
				all[key] = value
			}
		case map[string]string:
			for key, value := range one {
				all[key] = value
			}
		case nil:
		default:
			return nil, fmt.Errorf("overlaid: %T is no map", one)
		}
	}
	return all, nil
}

func withPrefix(prefix string, from map[string]string) map[string]any {
	found := map[string]any{}
	for key, value := range from {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			found[rest] = value
		}
	}
	return found
}

func lastOfName(lists ...[]any) ([]any, error) {
	var all []any
	at := map[string]int{}
	for _, list := range lists {
		for _, element := range list {
			object, _ := element.(map[string]any)
			name, ok := object["name"].(string)
			if !ok {
				return nil, fmt.Errorf("lastOfName: %s has no name", strictyaml.Kind(element))
			}
			if first, known := at[name]; known {
				all[first] = element
				continue
			}
			at[name] = len(all)
			all = append(all, element)
		}
	}
	return all, nil
}

func environment(key, value string) ([]any, error) {
	if value == "" {
		return nil, nil
	}
	const want = `, want a list of variables such as [{"name":"LEVEL","value":"debug"}]`
	var variables []corev1.EnvVar
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&variables); err != nil {
		return nil, &InputError{key, fmt.Sprintf("%q is not allowed: %s%s", value, err, want)}
	}
	if decoder.More() {
		return nil, &InputError{key, fmt.Sprintf("%q is not allowed: something follows the list%s", value, want)}
	}
	all := make([]any, len(variables))
	for i := range variables {
		text, err := json.Marshal(&variables[i])
		if err != nil {
			return nil, fmt.Errorf("encode variable %q: %w", variables[i].Name, err)
		}
		if all[i], err = strictyaml.DecodeObject(text); err != nil {
			return nil, fmt.Errorf("encode variable %q: %w", variables[i].Name, err)
		}
	}
	return all, nil
}
