package templates

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// TestMergeIsStrategic merges random overlays over random pods, as apimachinery's strategic merge does. The pods and
// overlays have few names, so that much of the one is found in the other.
func TestMergeIsStrategic(t *testing.T) {
	merged := 0
	for seed := range uint64(800) {
		if checkMerge(t, seed, seed%7) {
			merged++
		}
	}
	if merged < 600 {
		t.Errorf("%d of 800 random overlays could be merged, want 600 at least", merged)
	}
}

func FuzzMergeIsStrategic(f *testing.F) {
	for seed := range uint64(7) {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, seed, form uint64) { checkMerge(t, seed, form) })
}

// checkMerge returns false if apimachinery cannot merge the overlay.
func checkMerge(t *testing.T, seed, form uint64) bool {
	t.Helper()
	g := &podGenerator{rand: rand.New(rand.NewPCG(seed, form))}
	pod, _ := g.value(reflect.TypeFor[corev1.Pod](), 0).(map[string]any)
	g.overlay = true
	overlay, _ := g.value(reflect.TypeFor[corev1.Pod](), 0).(map[string]any)
	delete(overlay, patchDirective)
	podBefore, overlayBefore := runtime.DeepCopyJSON(pod), runtime.DeepCopyJSON(overlay)
	want, err := apimachineryMerge(runtime.DeepCopyJSON(pod), runtime.DeepCopyJSON(overlay))
	if err != nil {
		return false
	}
	got, err := mergePod(pod, overlay)
	if err != nil {
		t.Fatalf("seed %d, %d: merge: %v\npod %s\noverlay %s", seed, form, err, asJSON(pod), asJSON(overlay))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("seed %d, %d: (-apimachinery +ours)\n%s\npod %s\noverlay %s", seed, form, diff, asJSON(pod), asJSON(overlay))
	}
	if !reflect.DeepEqual(podBefore, pod) || !reflect.DeepEqual(overlayBefore, overlay) {
		t.Fatalf("seed %d, %d: the merge changes what it is given", seed, form)
	}
	return true
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// podGenerator makes random pods, or overlays, with directives and nulls.
type podGenerator struct {
	rand    *rand.Rand
	overlay bool
}

func (g *podGenerator) chance(percent int) bool { return g.rand.IntN(100) < percent }

func (g *podGenerator) word() string { return string(rune('a' + g.rand.IntN(4))) }

func (g *podGenerator) value(t reflect.Type, depth int) any {
	if t.Kind() == reflect.Pointer {
		return g.value(t.Elem(), depth)
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return g.word()
	}
	switch t.Kind() {
	case reflect.Struct:
		return g.object(t, depth)
	case reflect.Map:
		object := map[string]any{}
		for range g.rand.IntN(3) {
			object[g.word()] = g.value(t.Elem(), depth+1)
			if g.overlay && g.chance(10) {
				object[g.word()] = nil
			}
		}
		return object
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return g.word()
		}
		list := make([]any, g.rand.IntN(3))
		for i := range list {
			list[i] = g.value(t.Elem(), depth+1)
		}
		return list
	case reflect.Bool:
		return g.chance(50)
	case reflect.String:
		return g.word()
	default:
		return g.rand.Int64N(3)
	}
}

// object makes an object of a struct's fields: the fewer the deeper it lies, the ones with lists that are merged most
// of all.
func (g *podGenerator) object(t reflect.Type, depth int) map[string]any {
	object := map[string]any{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			if g.chance(50) {
				for key, value := range g.object(field.Type, depth) {
					object[key] = value
				}
			}
			continue
		}
		mergeKey, merges := field.Tag.Get("patchMergeKey"), strings.Contains(field.Tag.Get("patchStrategy"), "merge")
		switch {
		case name == "status": // no template has one
		case name == "metadata" || name == "spec":
			object[name] = g.object(field.Type, depth+1)
		case g.overlay && g.chance(2):
			object[name] = nil
		case g.chance(1):
			object[name] = g.word() // of another type
		case mergeKey != "":
			if g.chance(60 - 10*depth) {
				object[name] = g.keyed(field.Type.Elem(), mergeKey, depth+1)
				g.order(object, name, mergeKey)
			}
		case g.chance(25 - 5*depth):
			object[name] = g.value(field.Type, depth+1)
			if list, ok := object[name].([]any); ok && merges {
				g.order(object, name, "")
				g.deletions(object, name, list)
			}
		}
	}
	if g.chance(5) {
		object["future"] = map[string]any{g.word(): g.word(), g.word(): []any{map[string]any{g.word(): int64(1)}}}
	}
	if g.overlay && depth > 1 {
		g.directives(object)
	}
	return object
}

// directives adds those that stand in an object itself.
func (g *podGenerator) directives(object map[string]any) {
	switch g.rand.IntN(60) {
	case 0:
		object[patchDirective] = "delete"
	case 1:
		object[patchDirective] = "replace"
	case 2, 3:
		retained := []any{"name", g.word()}
		for key := range object {
			retained = append(retained, key)
		}
		object[retainKeysDirective] = retained
	}
}

// keyed makes a list that is merged by a key. In an overlay, each key stands once.
func (g *podGenerator) keyed(element reflect.Type, mergeKey string, depth int) []any {
	list := []any{}
	seen := map[any]bool{}
	for range g.rand.IntN(5) {
		object := g.object(element, depth)
		delete(object, retainKeysDirective)
		if _, numbered := object["containerPort"].(int64); numbered || mergeKey == "containerPort" {
			object[mergeKey] = g.rand.Int64N(3)
			object["protocol"] = []string{"TCP", "UDP"}[g.rand.IntN(2)]
			if g.chance(30) {
				delete(object, "protocol")
			}
		} else {
			object[mergeKey] = g.word()
		}
		if mergeKey == "topologyKey" { // which has another key in server-side apply, so that each has one value
			object["whenUnsatisfiable"] = "ScheduleAnyway"
		}
		key, _ := keyOf(portsType, nil)(object)
		if mergeKey != "containerPort" {
			key = fmt.Sprint(object[mergeKey])
		}
		if g.overlay && seen[key] {
			continue
		}
		seen[key] = true
		if directive := object[patchDirective]; g.overlay && directive != nil && directive != "delete" && !g.chance(20) {
			delete(object, patchDirective)
		}
		list = append(list, object)
	}
	return list
}

// order adds the directive about the order of a list to an overlay.
func (g *podGenerator) order(object map[string]any, name, mergeKey string) {
	// apimachinery knows no ports there by our key, and takes new elements for old ones where others are deleted.
	if !g.overlay || mergeKey == "containerPort" || strings.Contains(asJSON(object[name]), patchDirective) || !g.chance(20) {
		return
	}
	var order []any
	for _, element := range object[name].([]any) {
		if g.chance(50) {
			order = append(order, g.key(mergeKey, g.word()))
		}
		if object, ok := element.(map[string]any); ok {
			order = append(order, g.key(mergeKey, object[mergeKey]))
		} else {
			order = append(order, element)
		}
	}
	order = append(order, g.key(mergeKey, g.word()))
	seen := map[string]bool{}
	var unique []any
	for _, element := range order {
		if text := fmt.Sprint(element); !seen[text] {
			seen[text] = true
			unique = append(unique, element)
		}
	}
	object[elementOrderPrefix+name] = unique
	if g.chance(20) {
		delete(object, name)
	}
}

func (g *podGenerator) key(mergeKey string, value any) any {
	if mergeKey == "" {
		return value
	}
	if mergeKey == "topologyKey" {
		return map[string]any{mergeKey: value, "whenUnsatisfiable": "ScheduleAnyway"}
	}
	return map[string]any{mergeKey: value}
}

// deletions turns a list of scalars in an overlay into one of what is to be deleted.
func (g *podGenerator) deletions(object map[string]any, name string, list []any) {
	if g.overlay && g.chance(50) {
		object[deleteElementsPrefix+name] = list
		delete(object, name)
		delete(object, elementOrderPrefix+name)
	}
}

// apimachineryMerge is apimachinery's strategic merge with what ours does otherwise: a port is its number and its
// protocol, unknown fields are merged plainly, "$patch: replace" replaces nothing by something too, and neither nulls
// nor directives are left behind. It changes its arguments.
func apimachineryMerge(pod, overlay map[string]any) (merged map[string]any, err error) {
	defer func() {
		if p := recover(); p != nil { // it panics where a list holds null
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	makeReplaceable(podtype.Pod(), pod, overlay)
	markPorts(pod)
	markPorts(overlay)
	schema, err := strategicpatch.NewPatchMetaFromStruct(corev1.Pod{})
	if err != nil {
		return nil, err
	}
	if merged, err = strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(pod, overlay, openSchema{schema}); err != nil {
		return nil, err
	}
	unmarkPorts(merged)
	return dropDirectives(merged).(map[string]any), nil
}

// makeReplaceable puts an empty object into a pod, of type t, where an overlay wants to replace one.
func makeReplaceable(t *podtype.Type, pod, overlay map[string]any) {
	for key, value := range overlay {
		replaces := strings.Contains(asJSON(value), `"$patch":"replace"`)
		switch value := value.(type) {
		case map[string]any:
			if _, ok := pod[key].(map[string]any); !ok && replaces && value[patchDirective] != "delete" {
				pod[key] = map[string]any{}
			}
			if base, ok := pod[key].(map[string]any); ok && value[patchDirective] == nil {
				makeReplaceable(t.Field(key), base, value)
			}
		case []any:
			if _, ok := pod[key].([]any); !ok && replaces {
				pod[key] = []any{}
			}
			list, _ := pod[key].([]any)
			for _, element := range value {
				id, _ := listmap.Key(t.Field(key), element)
				at := slices.IndexFunc(list, func(base any) bool {
					key, ok := listmap.Key(t.Field(key), base)
					return ok && key == id
				})
				if element, ok := element.(map[string]any); ok && at >= 0 && element[patchDirective] == nil {
					makeReplaceable(t.Field(key).Elem(), list[at].(map[string]any), element)
				}
			}
		}
	}
}

// dropDirectives takes out nulls and directives that are left.
func dropDirectives(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			object, _ := field.(map[string]any)
			if field == nil || isDirective(key) || object[patchDirective] == "delete" {
				delete(value, key)
			} else {
				value[key] = dropDirectives(field)
			}
		}
	case []any:
		rest := make([]any, 0, len(value))
		for _, element := range value {
			if object, _ := element.(map[string]any); object[patchDirective] == nil {
				rest = append(rest, dropDirectives(element))
			}
		}
		return rest
	}
	return value
}

// openSchema is a schema that has ports by portKey and does not mind unknown fields.
type openSchema struct {
	known strategicpatch.LookupPatchMeta
}

func (s openSchema) LookupPatchMetadataForStruct(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	if s.known == nil {
		return s, strategicpatch.PatchMeta{}, nil
	}
	field, meta, err := s.known.LookupPatchMetadataForStruct(key)
	if err != nil {
		return openSchema{}, strategicpatch.PatchMeta{}, nil
	}
	return openSchema{field}, meta, nil
}

func (s openSchema) LookupPatchMetadataForSlice(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	if s.known == nil {
		return s, strategicpatch.PatchMeta{}, nil
	}
	element, meta, err := s.known.LookupPatchMetadataForSlice(key)
	if err != nil {
		return openSchema{}, strategicpatch.PatchMeta{}, nil
	}
	if meta.GetPatchMergeKey() == "containerPort" {
		meta.SetPatchMergeKey(portKey)
	}
	return openSchema{element}, meta, nil
}

func (s openSchema) Name() string { return "pod" }

var portsType = containerType.Field("ports")

// portKey is a field that ports carry while apimachinery merges them, since it knows merge keys of one field only.
const portKey = "containerPort/protocol"

func markPorts(value any) {
	eachPort(value, func(port map[string]any) {
		if key, ok := keyOf(portsType, nil)(port); ok {
			port[portKey] = key
		}
	})
}

func unmarkPorts(value any) {
	eachPort(value, func(port map[string]any) { delete(port, portKey) })
}

func eachPort(value any, visit func(port map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		if _, ok := value["containerPort"].(int64); ok {
			visit(value)
		}
		for _, field := range value {
			eachPort(field, visit)
		}
	case []any:
		for _, element := range value {
			eachPort(element, visit)
		}
	}
}
