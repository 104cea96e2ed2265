package simulate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// derived are the rows that fill in what other fields say, and those of admission plug-ins.
var derived = map[string]bool{
	"image pull policy": true, "requests from limits": true, "host port": true, "volume without source": true, "resources": true,
	"image volume pull policy": true, "service account name": true, "service account": true, "service account token mount": true,
	"service account token volume": true, "priority": true, "preemption policy": true, "tolerations": true,
}

// TestDefaultsAreThoseOfThePodType: a constant of the table, which tests/cluster compares with a real API server, is the
// default that the engine compares with.
func TestDefaultsAreThoseOfThePodType(t *testing.T) {
	for _, row := range Defaults() {
		for _, path := range row.Paths {
			of := podtype.Pod()
			for field := range strings.SplitSeq(path, ".") {
				if field == "*" {
					of = of.Elem()
				} else {
					of = of.Field(field)
				}
			}
			if want, ok := of.Default(row.Field); ok == derived[row.Name] {
				t.Errorf("%s: the Pod type has a default for %s.%s: %v", row.Name, path, row.Field, ok)
			} else if ok {
				if diff := cmp.Diff(want, row.fill(nil, nil, nil)); diff != "" {
					t.Errorf("%s: %s.%s (-Pod type +table):\n%s", row.Name, path, row.Field, diff)
				}
			}
		}
	}
}
