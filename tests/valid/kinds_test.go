package valid

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
)

func namespace() metav1.ObjectMeta { return metav1.ObjectMeta{Name: pods.Namespace} }

var (
	index  = regexp.MustCompile(`\[[^]]*\]`)
	values = regexp.MustCompile(`"[^"]*"|\b[-0-9][-.0-9a-zA-Z]*`)
)

// announces is a warning that the API server will refuse the pod, which names the first field or annotation to change.
var announces = regexp.MustCompile(`the API server refuses the injected pod: (annotation|container|volume|port) "|the API server refuses the injected pod: (spec|metadata)\.`)

// causes returns what an error of validation finds wrong and no warning names: a fault for each kind.
func causes(err error, warnings []string) []fault {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || status.ErrStatus.Details == nil {
		return []fault{{"invalid: " + withoutValues(err.Error()), err.Error()}}
	}
	detail := err.Error()
	if len(warnings) > 0 {
		detail += "\nwarned: " + strings.Join(warnings, "; ")
	}
	if slices.ContainsFunc(warnings, announces.MatchString) {
		return nil
	}
	var faults []fault
	for _, cause := range status.ErrStatus.Details.Causes {
		field := cause.Field[strings.LastIndexByte(cause.Field, '.')+1:]
		if slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, index.ReplaceAllString(field, "")) }) {
			continue
		}
		kind := "invalid: " + index.ReplaceAllString(cause.Field, "[]") + ": " + withoutValues(cause.Message)
		if !slices.ContainsFunc(faults, func(f fault) bool { return f.kind == kind }) {
			faults = append(faults, fault{kind, detail})
		}
	}
	return faults
}

// withoutValues takes values and numbers out of a message, so that messages of one kind are the same.
func withoutValues(message string) string {
	message = values.ReplaceAllString(index.ReplaceAllString(message, "[]"), "…")
	if len(message) > 160 {
		message = message[:160]
	}
	return message
}

// different returns the fields in which two pods differ, but for an annotation: a fault for each kind of field.
func different(what string, want, got []byte, but ...string) []fault {
	wanted, err := tree(want)
	if err != nil {
		return []fault{{what + ": no JSON", err.Error()}}
	}
	gotten, err := tree(got)
	if err != nil {
		return []fault{{what + ": no JSON", err.Error()}}
	}
	for _, object := range []map[string]any{wanted, gotten} {
		metadata, _ := object["metadata"].(map[string]any)
		annotations, _ := metadata["annotations"].(map[string]any)
		for _, key := range but {
			delete(annotations, key)
		}
	}
	var all []string
	compare("", wanted, gotten, &all)
	var faults []fault
	for _, difference := range all {
		field, _, _ := strings.Cut(difference, ": ")
		kind := what + ": " + index.ReplaceAllString(field, "[]")
		if !slices.ContainsFunc(faults, func(f fault) bool { return f.kind == kind }) {
			faults = append(faults, fault{kind, strings.Join(all, "\n")})
		}
	}
	return faults
}

// compare lists the fields in which two values differ.
func compare(path string, want, got any, all *[]string) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			keys := map[string]bool{}
			for key := range w {
				keys[key] = true
			}
			for key := range g {
				keys[key] = true
			}
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				compare(strings.TrimPrefix(path+"."+key, "."), w[key], g[key], all)
			}
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(g) == len(w) {
			for i := range w {
				at := fmt.Sprintf("%s[%d]", path, i)
				if object, ok := w[i].(map[string]any); ok && object["name"] != nil {
					at = fmt.Sprintf("%s[%d %v]", path, i, object["name"])
				}
				compare(at, w[i], g[i], all)
			}
			return
		}
	default:
		if want == got {
			return
		}
	}
	*all = append(*all, fmt.Sprintf("%s: want %s, got %s", path, shown(want), shown(got)))
}

// shown prints a value in at most so many characters.
func shown(value any) string {
	text := fmt.Sprintf("%#v", value)
	if value == nil {
		return "nothing"
	}
	if encoded, err := json.Marshal(value); err == nil {
		text = string(encoded)
	}
	if len(text) > 1500 {
		return text[:1500] + "…"
	}
	return text
}
