//go:build linux

package traffic

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
	"istio.io/istio/pkg/log"
	"istio.io/istio/tools/common/config"
)

// rows is how many configurations Istio's table has. Another number wants a look at what came or went.
const rows = 28

// program is the path of our built program.
var program string

// TestMain builds our program and silences Istio's log.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "traffic-redirect")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		program, err = world.Build(filepath.Join("..", "..", ".."), folder)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		for _, scope := range log.Scopes() {
			scope.SetOutputLevel(log.NoneLevel)
		}
		return m.Run()
	}())
}

// needs skips the test, loudly, where it cannot run.
func needs(t *testing.T) {
	t.Helper()
	reason := world.Missing()
	if _, err := exec.LookPath("nft"); err != nil && reason == "" {
		reason = "there is no nft on this machine, which Istio applies its rules with (Debian's package nftables has it)"
	}
	if reason != "" {
		line := strings.Repeat("!", 100)
		fmt.Fprintf(os.Stderr, "%s\nWARNING: ISTIO'S RULES ARE NOT COMPARED WITH OURS: %s\n%s\n", line, reason, line)
		t.Skip(reason)
	}
}

// TestRules sends the same flows through Istio's rules and through ours, for each configuration of Istio's table, and
// for each once more with everything captured that it does not name: the same are captured, but for the differences that
// are meant.
func TestRules(t *testing.T) {
	needs(t)
	table := readTable(t)
	if len(table) != rows {
		t.Errorf("Istio's table has %d configurations, want %d", len(table), rows)
	}
	total := map[string]int{}
	ran, good := 0, 0
	for _, r := range table {
		if wide, differs := widened(r); differs {
			table = append(table, wide)
		}
	}
	for _, r := range table {
		t.Run(r.name, func(t *testing.T) {
			ran++
			compare(t, r, total)
			if !t.Failed() {
				good++
			}
		})
	}
	t.Logf("%d flows have the same outcome", total["same"])
	for _, d := range differences() {
		t.Logf("%d differ: %s", total[d.name], d.name)
		if ran == len(table) && total[d.name] == 0 {
			t.Errorf("the difference %q does not happen any more", d.name)
		}
	}
	t.Logf("%d/%d configurations as expected", good, ran)
}

// compare compares the sides for one row, and adds to the total the number of flows by difference.
func compare(t *testing.T, r row, total map[string]int) {
	c := numbered(r.config)
	if contradictory(c) {
		refused(t, c)
		total[refusal]++
	}
	all := flows(c)
	a, b := theirs.observe(t, c, all), ours.observe(t, c, all)
	same := 0
	for i, f := range all {
		want, reason := expected(c, f, a[i])
		if b[i] != want {
			t.Errorf("%s (%s):\n Istio's %s\n    ours %s\n    want %s", f, reason, a[i], b[i], want)
		}
		if reason != "same" && want == a[i] {
			t.Errorf("%s: there is no difference any more, but %q is said to be one: %s", f, reason, want)
		}
		total[reason]++
		if reason == "same" {
			same++
		}
	}
	t.Logf("%d flows, %d of them alike", len(all), same)
}

// expected returns what our rules should make of a flow of which Istio's make theirs, and the name of the difference, or
// "same".
func expected(c config.Config, f flow, theirs string) (want, reason string) {
	for _, d := range differences() {
		if d.ours == nil {
			continue
		}
		if want, applies := d.ours(c, f, theirs); applies {
			return want, d.name
		}
	}
	return theirs, "same"
}
