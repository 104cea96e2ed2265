//go:build linux

package traffic_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// TestPrintedRulesAreTheRules shows that nft makes of the printed rules what the program makes itself.
func TestPrintedRulesAreTheRules(t *testing.T) {
	nft, err := exec.LookPath("nft")
	if err != nil {
		t.Skip("WARNING: NOTHING IS TESTED HERE: there is no nft on this machine")
	}
	w := newScene(t)
	for sentence, s := range captures {
		for _, mode := range []string{"REDIRECT", "TPROXY", "NONE"} {
			t.Run(mode+" "+sentence, func(t *testing.T) {
				args := append(strings.Fields(s.args), "-m", mode, "--redirect-dns", "--dns-servers=10.96.0.53,fd96::53")
				w.apply(t, args...)
				printed := w.run(t, nil, append(args, "--dry-run")...)
				file := filepath.Join(t.TempDir(), "rules.nft")
				if err := os.WriteFile(file, []byte(printed.Stdout), 0o600); err != nil {
					t.Fatal(err)
				}
				err := w.Pod.Do(world.Root, func() error {
					output, err := exec.Command(nft, "-f", file).CombinedOutput()
					if err != nil {
						t.Errorf("nft: %s", output)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := w.run(t, nil, append(args, "--check")...); got != (world.Result{}) {
					t.Errorf("--check after nft: %+v", got)
				}
			})
		}
	}
}
