package webhook

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// TestDecodeJSON: an object is decoded as apimachinery does it, but for its managedFields.
func TestDecodeJSON(t *testing.T) {
	const managed = `"managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}], `
	large := strings.Repeat("x", 1<<20)
	for name, form := range map[string]string{
		"a pod":                     `{"metadata": {%s"name": "p", "generation": 1}, "spec": {"priority": 9007199254740993}}`,
		"a large pod":               `{"metadata": {%s"name": "` + large + `"}, "spec": {}}`,
		"the words elsewhere":       `{"metadata": {%s"labels": {"managedFields": "x"}}, "spec": {"managedFields": 1}}`,
		"a null":                    `{"metadata": {%s"name": null}, "spec": null}`,
		"a key that is there twice": `{"metadata": {%s"name": "a"}, "spec": {"a": 1, "a": 2}}`,
		"numbers":                   `{"metadata": {%s"n": [0, -0, -1, 1.5, 1e3, 1E-2, 9223372036854775807, 9223372036854775808, 1.0]}}`,
		"words":                     `{"metadata": {%s"n": [true, false, null, {}, []]}}`,
		"escapes":                   `{"metadata": {%s"a\u0062": "\ud83d\ude00 \ud800 \"\\\/\n\u0000"}}`,
		"no UTF-8":                  "{\"metadata\": {%s\"a\xff\": \"\xfe\"}}",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeJSON([]byte(fmt.Sprintf(form, managed)))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := utiljson.Unmarshal([]byte(fmt.Sprintf(form, "")), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("-apimachinery +ours:\n%s", diff)
			}
		})
	}
	for _, broken := range []string{"", `{"metadata": {"managedFields": [}}`, `{"a": 1`, `{} {}`, `{"a": 01}`, `[1,]`, `{"a": 1e999}`} {
		if value, err := decodeJSON([]byte(broken)); err == nil {
			t.Errorf("%s: got %v, want an error", broken, value)
		}
	}
}
