package listmap

import (
	"encoding/json"
	"math"
	"reflect"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// Equal says whether two values of a type mean the same. Numbers are equal by value (80 and 80.0), and so are quantities
// ("2000m", "2" and 2); a field that is absent equals one that is null, that has the value which the API server fills in, or
// that is zero where the API server does not tell zero from absent. Lists are equal if their elements are, in order.
func Equal(t *podtype.Type, a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && (same(a, b) || equalObjects(t, a, b))
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (same(a, b) || equalLists(t, a, b))
	case string:
		if b, ok := b.(string); ok && a == b {
			return true
		}
		return t.Quantity() && equalQuantities(t, a, b)
	case nil, bool:
		return a == b
	}
	if numberA, ok := number(a); ok {
		if numberB, ok := number(b); ok && numberA == numberB {
			return true
		}
		return t.Quantity() && equalQuantities(t, a, b)
	}
	return reflect.DeepEqual(a, b)
}

// Same says that two values are one map or one list in memory, so that nothing in them differs.
func Same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && same(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && same(a, b)
	}
	return false
}

// same says that two maps or two lists of one length are one.
func same[T map[string]any | []any](a, b T) bool {
	return reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
}

func equalObjects(t *podtype.Type, a, b map[string]any) bool {
	for key, value := range a {
		if !EqualField(t.Field(key), value, b[key]) {
			return false
		}
	}
	for key, value := range b {
		if _, seen := a[key]; !seen && !Absent(t.Field(key), value) {
			return false
		}
	}
	return true
}

func equalLists(t *podtype.Type, a, b []any) bool {
	elem := t.Elem()
	for i := range a {
		if !Equal(elem, a[i], b[i]) {
			return false
		}
	}
	return true
}

// EqualField is Equal for the values of a field of that type in two objects; nil stands for one that is absent.
func EqualField(t *podtype.Type, a, b any) bool {
	if a != nil && b != nil && Equal(t, a, b) {
		return true
	}
	return Absent(t, a) && Absent(t, b)
}

// Absent says that a field of that type means the same as if it were absent: it is Dropped, or has the value that the API
// server fills in.
func Absent(t *podtype.Type, value any) bool {
	if Dropped(t, value) {
		return true
	}
	def, ok := t.FilledIn()
	return ok && Equal(t, def, value)
}

// Dropped says that the API server never stores this value of a field of that type: it is null, or zero where the API
// server does not tell zero from absent.
func Dropped(t *podtype.Type, value any) bool {
	return value == nil || t.DropsZero() && isZero(t, value)
}

func isZero(t *podtype.Type, value any) bool {
	switch value := value.(type) {
	case string:
		return value == ""
	case bool:
		return !value
	case []any:
		return len(value) == 0
	case map[string]any:
		for key, field := range value {
			if t.Kind() != podtype.Object || !Absent(t.Field(key), field) {
				return false
			}
		}
		return true
	}
	n, ok := number(value)
	return ok && n == numeric{}
}

// numeric is a number that is compared by value: whole ones as such, all others as a float.
type numeric struct {
	whole int64
	float float64
}

func number(value any) (n numeric, ok bool) {
	switch value := value.(type) {
	case int64:
		return numeric{whole: value}, true
	case float64:
		if value == math.Trunc(value) && math.Abs(value) < 1<<63 {
			return numeric{whole: int64(value)}, true
		}
		return numeric{float: value}, true
	case int:
		return numeric{whole: int64(value)}, true
	case int32:
		return numeric{whole: int64(value)}, true
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return numeric{whole: whole}, true
		}
		float, err := value.Float64()
		return numeric{float: float}, err == nil
	}
	return numeric{}, false
}

func equalQuantities(t *podtype.Type, a, b any) bool {
	quantityA, okA := quantity(t, a)
	quantityB, okB := quantity(t, b)
	return okA && okB && quantityA.Cmp(quantityB) == 0
}

// quantity reads a quantity as the API server does.
func quantity(t *podtype.Type, value any) (q resource.Quantity, ok bool) {
	written, isString := value.(string)
	if !isString {
		if _, ok := number(value); !ok {
			return q, false
		}
		written = string(AppendJSON(nil, value))
	}
	q, err := resource.ParseQuantity(written)
	if err != nil {
		return q, false
	}
	if t.RoundsUp() {
		q.RoundUp(resource.Milli)
	}
	return q, true
}
