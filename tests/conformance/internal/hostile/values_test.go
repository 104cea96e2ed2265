package hostile

import "testing"

func TestValuesAreMany(t *testing.T) {
	for kind, strings := range values {
		if len(strings) < 20 {
			t.Errorf("%s: %d strings, want 20 or more", kind, len(strings))
		}
	}
}
