package yamlescape_test

import (
	"io"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/templates/internal/yamlescape"
)

// benchmarkText is about as large as the template of a sidecar.
func benchmarkText() string {
	return "a:\n" + strings.Repeat(`- name: {{.v}}
  value: "{{.v | default "x" | trunc 63 | trimAll "-_."}}"
  quoted: {{.v | lower | quote}}
  {{- if contains "a" .v}}
  args: ["--a={{.v}}", {{printf "%s-%s" .v "x" | quote}}]
  {{- end}}
  text: |
    {{.v}}
`, 60)
}

func BenchmarkExecute(b *testing.B) {
	for name, escape := range map[string]bool{"escaped": true, "as it is": false} {
		b.Run(name, func(b *testing.B) {
			parsed := parse(b, benchmarkText())
			if escape {
				if err := yamlescape.Escape(parsed); err != nil {
					b.Fatal(err)
				}
			}
			data := map[string]any{"v": "a-harmless.value"}
			b.ReportAllocs()
			for b.Loop() {
				if err := parsed.Execute(io.Discard, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEscape(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		parsed := parse(b, benchmarkText())
		b.StartTimer()
		if err := yamlescape.Escape(parsed); err != nil {
			b.Fatal(err)
		}
	}
}
