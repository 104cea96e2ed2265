package templates

import (
	"strings"
	"testing"
	"text/template"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestFunctions calls functions from a template, as they are called there, by Istio's templates too.
func TestFunctions(t *testing.T) {
	data := map[string]any{
		"Meta": metav1.ObjectMeta{Annotations: map[string]string{"a": "x", "empty": ""}},
		"Wait": time.Minute,
	}
	for call, want := range map[string]string{
		`annotation .Meta "a" 1`:          "x",
		`annotation .Meta "empty" 1`:      "",
		`annotation .Meta "none" 1`:       "1",
		`annotation .Meta "none" .Wait`:   "1m0s",
		`isset .Meta.Annotations "empty"`: "true",
		`isset .Meta.Annotations "none"`:  "false",
	} {
		t.Run(call, func(t *testing.T) {
			parsed, err := template.New("t").Funcs(functions()).Parse("{{ " + call + " }}")
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := parsed.Execute(&out, data); err != nil || out.String() != want {
				t.Errorf("got %q (%v), want %q", out.String(), err, want)
			}
		})
	}
}
