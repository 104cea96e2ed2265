package podtype

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Kind is what a field holds, as JSON.
type Kind uint8

// The kinds. Unknown is that of a nil *Type and of what the API leaves open: any JSON.
const (
	Unknown     Kind = iota
	Object           // fields of known names
	Map              // fields of any name, all of one type
	List             //
	String           // also bytes and times
	Boolean          //
	Int32            //
	Int64            //
	IntOrString      // such as a probe's port
	Quantity         // such as "100m"; in JSON a string or a number
)

// Type is what is known of a field of a Pod, or of an element of a list or map. It never changes, and any number of
// goroutines may use it. All methods work on nil.
type Type struct {
	kind   Kind
	fields map[string]*Type
	elem   *Type

	listKeys  []string
	mergeKey  string
	merges    bool
	dropsZero bool
	roundsUp  bool
	def       any
	oneOf     map[string][]string
}

// Pod returns the type of a Pod.
func Pod() *Type { return pod() }

var pod = sync.OnceValue(func() *Type {
	b := builder{}
	t := b.of(reflect.TypeFor[corev1.Pod]())
	return &t
})

// Kind returns what the field holds.
func (t *Type) Kind() Kind {
	if t == nil {
		return Unknown
	}
	return t.kind
}

// Field returns the type of a field of an object, or of any value of a map; nil if it is not known.
func (t *Type) Field(name string) *Type {
	if t == nil {
		return nil
	}
	if t.kind == Map {
		return t.elem
	}
	return t.fields[name]
}

// Elem returns the type of the elements of a list; nil if it is not known.
func (t *Type) Elem() *Type {
	if t == nil || t.kind != List {
		return nil
	}
	return t.elem
}

// ListKeys returns the fields that identify an element of this list in server-side apply; nil if the list is atomic or a
// set. The result belongs to the type.
func (t *Type) ListKeys() []string {
	if t == nil {
		return nil
	}
	return t.listKeys
}

// MergeKey returns the field by which a strategic merge patch finds the elements of this list; "" if it has none. It knows
// one field only, so that TCP and UDP ports of one number, for which ListKeys has two, are one element to it.
func (t *Type) MergeKey() string {
	if t == nil {
		return ""
	}
	return t.mergeKey
}

// Merges says that a strategic merge patch merges this list, by MergeKey or as a set, instead of replacing it.
func (t *Type) Merges() bool { return t != nil && t.merges }

// DropsZero says that absence and the zero value of this field ("", false, 0, an empty list or object) are one: the API
// server does not store the one, or stores it where the field is absent. It is false for pointers, where 0 or false is a
// choice, and for elements of lists and maps.
func (t *Type) DropsZero() bool { return t != nil && t.dropsZero }

// Quantity says that the field is a quantity: "2000m", "2" and 2 mean the same.
func (t *Type) Quantity() bool { return t.Kind() == Quantity }

// RoundsUp says that the API server rounds this quantity up to thousandths, as it does in lists of resources.
func (t *Type) RoundsUp() bool { return t != nil && t.roundsUp }

// Default returns the constant that the API server fills in where a field of this object is not set; ok is false if there
// is none. Values that depend on other fields are not among them. The value must not be changed.
func (t *Type) Default(field string) (value any, ok bool) {
	of := t.Field(field)
	if of == nil || of.def == nil {
		return nil, false
	}
	return of.def, true
}

// FilledIn is Default for the field that the type is of.
func (t *Type) FilledIn() (value any, ok bool) {
	if t == nil || t.def == nil {
		return nil, false
	}
	return t.def, true
}

// OneOf returns the other fields of the union that a field of this object belongs to, sorted: of all of them a valid
// object has one at most. It is nil for all other fields. The result belongs to the type.
func (t *Type) OneOf(field string) []string {
	if t == nil {
		return nil
	}
	return t.oneOf[field]
}

// builder makes types of Go types. Fields of one Go type are made once; facts of a field are its own.
type builder map[reflect.Type]Type

func (b builder) of(goType reflect.Type) Type {
	if known, ok := b[goType]; ok {
		return known
	}
	t := b.build(goType)
	b[goType] = t
	return t
}

func (b builder) build(goType reflect.Type) Type {
	switch goType {
	case reflect.TypeFor[resource.Quantity]():
		return Type{kind: Quantity}
	case reflect.TypeFor[intstr.IntOrString]():
		return Type{kind: IntOrString}
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return Type{kind: String}
	case reflect.TypeFor[metav1.FieldsV1]():
		return Type{}
	}
	switch goType.Kind() {
	case reflect.Pointer:
		return b.of(goType.Elem())
	case reflect.Struct:
		t := Type{kind: Object, fields: map[string]*Type{}, oneOf: map[string][]string{}}
		b.addFields(&t, goType)
		return t
	case reflect.Map:
		elem := b.of(goType.Elem())
		elem.roundsUp = goType == reflect.TypeFor[corev1.ResourceList]()
		return Type{kind: Map, elem: &elem}
	case reflect.Slice:
		if goType.Elem().Kind() == reflect.Uint8 {
			return Type{kind: String}
		}
		elem := b.of(goType.Elem())
		return Type{kind: List, elem: &elem}
	case reflect.String:
		return Type{kind: String}
	case reflect.Bool:
		return Type{kind: Boolean}
	case reflect.Int32:
		return Type{kind: Int32}
	case reflect.Int64, reflect.Int:
		return Type{kind: Int64}
	default:
		return Type{}
	}
}

// addFields adds the fields of a struct to an object, those of inlined structs included.
func (b builder) addFields(t *Type, goType reflect.Type) {
	var names []string
	for i := range goType.NumField() {
		field := goType.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && field.Anonymous {
			b.addFields(t, field.Type)
			continue
		}
		names = append(names, name)
		t.fields[name] = b.field(goType, field, name)
	}
	for _, union := range unions[goType] {
		if union == nil {
			union = names
		}
		for _, name := range union {
			others := slices.DeleteFunc(slices.Clone(union), func(other string) bool { return other == name })
			slices.Sort(others)
			t.oneOf[name] = others
		}
	}
}

// field returns the type of a field with what struct tags and tables say of it.
func (b builder) field(owner reflect.Type, field reflect.StructField, name string) *Type {
	t := b.of(field.Type)
	at := fieldOf{owner, name}
	t.mergeKey = field.Tag.Get("patchMergeKey")
	t.merges = slices.Contains(strings.Split(field.Tag.Get("patchStrategy"), ","), "merge")
	if keys, other := listKeys[at]; other {
		t.listKeys = keys
	} else if t.mergeKey != "" {
		t.listKeys = []string{t.mergeKey}
	}
	t.dropsZero = field.Type.Kind() != reflect.Pointer && t.kind != Unknown && t.kind != IntOrString
	t.def = defaults[at]
	return &t
}
