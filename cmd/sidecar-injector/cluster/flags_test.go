package cluster

import (
	"testing"

	"github.com/spf13/pflag"
)

// TestKubectl: the commands that are told meet the cluster that was asked, and a shell takes them as they stand.
func TestKubectl(t *testing.T) {
	for want, arguments := range map[string][]string{
		"kubectl":                       nil,
		"kubectl --context=gke_a:b/c@d": {"--context", "gke_a:b/c@d"},
		"kubectl --kubeconfig='/home/a b/it'\\''s' --context=x": {"--context=x", "--kubeconfig", "/home/a b/it's"},
	} {
		flags, set := NewFlags(), pflag.NewFlagSet("", pflag.ContinueOnError)
		flags.Add(set)
		if err := set.Parse(arguments); err != nil {
			t.Fatal(err)
		}
		if got := flags.Kubectl(); got != want {
			t.Errorf("of %q: %s, want %s", arguments, got, want)
		}
	}
}
