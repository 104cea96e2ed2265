package webhook

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWithoutManagedFields: a pod is the same but for them, whatever it is like.
func TestWithoutManagedFields(t *testing.T) {
	const managed = `"managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}], `
	large := strings.Repeat("x", maxTakenApart)
	for name, form := range map[string]string{
		"a pod":                     `{"metadata": {%s"name": "p", "generation": 1}, "spec": {"priority": 9007199254740993}}`,
		"a large pod":               `{"metadata": {%s"name": "` + large + `"}, "spec": {}}`,
		"the words elsewhere":       `{"metadata": {%s"labels": {"managedFields": "x"}}, "spec": {"managedFields": 1}}`,
		"a null":                    `{"metadata": {%s"name": null}, "spec": null}`,
		"a key that is there twice": `{"metadata": {%s"name": "a"}, "spec": {"a": 1, "a": 2}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := withoutManagedFields([]byte(fmt.Sprintf(form, managed)))
			if err != nil {
				t.Fatal(err)
			}
			want, err := withoutManagedFields([]byte(fmt.Sprintf(form, "")))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-without +with):\n%s", err, diff)
			}
		})
	}
	for _, broken := range []string{`{"metadata": {"managedFields": [}}`, `{"metadata": "managedFields"`, `["managedFields"]`} {
		if _, err := withoutManagedFields([]byte(broken)); err == nil {
			t.Errorf("%s: no error", broken)
		}
	}
}
