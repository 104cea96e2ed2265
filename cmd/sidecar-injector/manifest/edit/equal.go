package edit

import (
	"reflect"
)

// equal compares decoded JSON values. Numbers are compared by value whatever their types: 1 and 1.0 are the same text.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, ok := b[key]
			if !ok || !equal(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case nil:
		return b == nil
	case string:
		b, ok := b.(string)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	}
	return equalNumbers(a, b)
}

func equalNumbers(a, b any) bool {
	wholeA, okA := whole(a)
	wholeB, okB := whole(b)
	if okA && okB {
		return wholeA == wholeB
	}
	floatA, okA := number(a)
	floatB, okB := number(b)
	return okA && okB && floatA == floatB
}

func whole(value any) (int64, bool) {
	v := reflect.ValueOf(value)
	if v.IsValid() && v.CanInt() {
		return v.Int(), true
	}
	return 0, false
}

func number(value any) (float64, bool) {
	v := reflect.ValueOf(value)
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}
