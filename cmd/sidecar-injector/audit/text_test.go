package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWrite: a table, and a list where a terminal is too narrow for it.
func TestWrite(t *testing.T) {
	web := Group{Workload{"shop", "Deployment", "web"}, Missing, `the namespace "shop" opted in by its label istio-injection=enabled`, 10, []string{"web-5c9f-a", "web-5c9f-b"}, "restart it"}
	long := Group{Workload{"payments-production-europe-west", "StatefulSet", strings.Repeat("ledger-", 8)}, Failed, "loud is not allowed", 1, []string{"l-0"}, "correct what its detail names"}
	cases := map[string]struct {
		report Report
		look   Look
		want   string
	}{
		"nothing": {Report{Pods: 1}, Look{Width: 80}, "1 pod looked at, 0 with a sidecar: nothing to do\n"},
		"a table": {Report{12, 2, []Group{web}}, Look{Width: 80}, `NAMESPACE   WORKLOAD         PODS   FINDING   WHAT TO DO
shop        deployment/web   10     missing   restart it
12 pods looked at, 2 with a sidecar: 10 pods of 1 workload to see to
`},
		"wide, in a pipe": {Report{12, 2, []Group{web}}, Look{Wide: true}, `NAMESPACE   WORKLOAD         PODS   FINDING   WHAT TO DO   DETAIL                                                               EXAMPLES
shop        deployment/web   10     missing   restart it   the namespace "shop" opted in by its label istio-injection=enabled   web-5c9f-a,web-5c9f-b
12 pods looked at, 2 with a sidecar: 10 pods of 1 workload to see to
`},
		"wide, in a terminal": {Report{12, 2, []Group{web}}, Look{Wide: true, Width: 60}, `missing: 10 pods, restart it
  shop deployment/web
  the namespace "shop" opted in by its label
    istio-injection=enabled
  for example web-5c9f-a, web-5c9f-b
12 pods looked at, 2 with a sidecar: 10 pods of 1 workload to see to
`},
		"long names": {Report{12, 2, []Group{web, long}}, Look{Width: 80}, `missing: 10 pods, restart it
  shop deployment/web
failed: 1 pod, correct what its detail names
  payments-production-europe-west
    statefulset/ledger-ledger-ledger-ledger-ledger-ledger-ledger-ledger-
12 pods looked at, 2 with a sidecar: 11 pods of 2 workloads to see to
`},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var text strings.Builder
			if err := c.report.Write(&text, c.look); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, text.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWriteHostileNames: names that stand in pods' owners, which nobody checks, are no lines and columns of the table.
func TestWriteHostileNames(t *testing.T) {
	const hostile = "a\x1b[2J\u202e\tb\nFORGED"
	report := &Report{Pods: 1, Findings: []Group{{Workload: Workload{Kind: hostile, Namespace: hostile, Name: hostile}, Finding: Failed, Pods: 1,
		Detail: hostile, Examples: []string{hostile}, Remedy: hostile}}}
	for _, width := range []int{0, 20} {
		var out strings.Builder
		if err := report.Write(&out, Look{Wide: true, Width: width}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\u202e\t") || strings.Contains(out.String(), "\nFORGED") {
			t.Errorf("width %d: %q", width, out.String())
		}
	}
}
