package pods

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Coverage counts the fields that pods have. It is not safe for concurrent use; add them up with Add.
type Coverage map[string]int

// Note counts the fields of a pod's spec.
func (c Coverage) Note(pod map[string]any) { c.note("spec", pod["spec"]) }

func (c Coverage) note(path string, value any) {
	c[path]++
	switch value := value.(type) {
	case map[string]any:
		for key, child := range value {
			c.note(path+"."+key, child)
		}
	case []any:
		for _, child := range value {
			c.note(path, child)
		}
	}
}

// Add adds what another has counted.
func (c Coverage) Add(other Coverage) {
	for path, n := range other {
		c[path] += n
	}
}

// Missed returns the fields of the type PodSpec that no pod had, sorted, and how many fields the type has. Ephemeral
// containers are no fields of a pod that is created. Of what is missed as a whole, only the top is listed.
func (c Coverage) Missed() (missed []string, fields int) {
	var all []string
	leaves("spec", reflect.TypeFor[corev1.PodSpec](), &all)
	seen := map[string]bool{}
	for _, path := range all {
		if strings.HasPrefix(path, "spec.ephemeralContainers") {
			continue
		}
		fields++
		if c[path] > 0 {
			continue
		}
		for above := parent(path); c[above] == 0 && above != "spec"; above = parent(above) {
			path = above
		}
		if !seen[path] {
			seen[path] = true
			missed = append(missed, path)
		}
	}
	slices.Sort(missed)
	return missed, fields
}

func parent(path string) string { return path[:strings.LastIndexByte(path, '.')] }

// leaves lists the paths of the fields of a type that have no fields.
func leaves(path string, t reflect.Type, all *[]string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		t = t.Elem()
	}
	marshals := reflect.PointerTo(t).Implements(reflect.TypeFor[interface{ MarshalJSON() ([]byte, error) }]())
	if t.Kind() != reflect.Struct || marshals {
		*all = append(*all, path)
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			leaves(path, field.Type, all) // embedded
		} else if name != "-" {
			leaves(path+"."+name, field.Type, all)
		}
	}
}
