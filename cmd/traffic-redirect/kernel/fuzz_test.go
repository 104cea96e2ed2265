//go:build linux

package kernel

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/text"
)

// FuzzArguments parses any arguments, one on a line. Those that are taken make rules that the kernel gives back as they are,
// and that are printed in lines of their own.
func FuzzArguments(f *testing.F) {
	for _, arguments := range []string{
		"-p\n15001\n-z\n15006\n-u\n1337\n-g\n1337\n-m\nREDIRECT\n-i\n*\n-x\n\n-b\n*\n-d\n15090,15021",
		"-m\nTPROXY\n-b\n80,443\n-i\n10.0.0.0/8,fd00::/8\n-x\n10.1.0.0/16,::ffff:10.0.0.1/128",
		"--exclude-interfaces\neth1,net\x00\n--redirect-dns\n--capture-all-dns",
		"-c\neth0\n--istio-outbound-owner-groups\n1,2\n-u\n0,4294967295",
	} {
		f.Add(arguments)
	}
	f.Fuzz(func(t *testing.T, arguments string) {
		flags := pflag.NewFlagSet("fuzz", pflag.ContinueOnError)
		flags.Usage = func() {}
		config.Flags(flags)
		if flags.Parse(strings.Split(arguments, "\n")) != nil {
			return
		}
		parsed, err := config.Parse(flags, func(string) (string, bool) { return "", false })
		if err != nil {
			return
		}
		ruleset := rules.Build(parsed.Config)
		for _, r := range text.Script(ruleset) {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Fatalf("the script has %q:\n%s", r, text.Script(ruleset))
			}
		}
		for _, chain := range ruleset.Chains {
			for _, rule := range chain.Rules {
				givenBack(t, rule)
			}
		}
	})
}

// givenBack encodes a rule, decodes it and wants the same rule.
func givenBack(t *testing.T, rule rules.Rule) {
	t.Helper()
	encoded, err := encode(rule)
	if err != nil {
		t.Fatal(err)
	}
	for i := range encoded {
		encoded[i] = reread(t, encoded[i])
	}
	got, err := decode(encoded)
	if err != nil {
		t.Fatalf("%+v: %v", rule, err)
	}
	if diff := cmp.Diff(rule, got); diff != "" {
		t.Fatal(diff)
	}
}
