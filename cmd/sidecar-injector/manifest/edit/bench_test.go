package edit

import (
	"os"
	"testing"

	"golang.org/x/tools/txtar"
)

// BenchmarkApply writes a proxy into a Deployment; BenchmarkAnew is the same without regard to its text.
func BenchmarkApply(b *testing.B) {
	raw, before, after := injected(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Apply(raw, before, after); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAnew(b *testing.B) {
	raw, _, after := injected(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := anew(raw, after); err != nil {
			b.Fatal(err)
		}
	}
}

func injected(b *testing.B) (raw []byte, before, after map[string]any) {
	b.Helper()
	data, err := os.ReadFile("testdata/inject.txtar")
	if err != nil {
		b.Fatal(err)
	}
	files := txtar.Parse(data).Files
	return files[0].Data, object(b, string(files[0].Data)), object(b, string(files[1].Data))
}
