//go:build linux

package app

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExitCodes(t *testing.T) {
	for sentence, c := range map[string]struct {
		args []string
		want int
	}{
		"rules are printed":             {[]string{"--dry-run"}, 0},
		"help is printed":               {[]string{"--help"}, 0},
		"a value is wrong":              {[]string{"--dry-run", "-p", "70000"}, 2},
		"an option is unknown":          {[]string{"--dry-run", "--nothing"}, 2},
		"an argument is not expected":   {[]string{"--dry-run", "iptables"}, 2},
		"an option is Istio's CNI's":    {[]string{"--dry-run", "--run-validation"}, 2},
		"two things are asked for":      {[]string{"--dry-run", "--remove"}, 2},
		"a configuration has no file":   {[]string{"--config", "x"}, 2},
		"a configuration is not packed": {[]string{"--config", "x", "--config-to", "/none"}, 1},
		"nothing is waited for":         {[]string{"wait", "--address", "none"}, 2},
		"nobody is ready":               {[]string{"wait", "--address", "127.0.0.1:1", "--timeout", "1ms"}, 1},
		"Istio's command is no mistake": {[]string{"istio-iptables", "--dry-run"}, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := Main(c.args, &stdout, &stderr); got != c.want {
				t.Errorf("exit code %d, want %d: %s", got, c.want, stderr.String())
			}
			if lines := strings.Count(stderr.String(), "\n"); lines != min(c.want, 1) {
				t.Errorf("%d lines on standard error: %s", lines, stderr.String())
			}
		})
	}
}

func TestResolvers(t *testing.T) {
	for sentence, c := range map[string]struct {
		content, wantError string
		want               []netip.Addr
	}{
		"servers of both families": {
			content: "search a.example\nnameserver 10.96.0.10\noptions ndots:5\nnameserver fd96::10\n",
			want:    []netip.Addr{netip.MustParseAddr("10.96.0.10"), netip.MustParseAddr("fd96::10")},
		},
		"a server behind an interface": {
			content: "nameserver fe80::1%eth0\n",
			want:    []netip.Addr{netip.MustParseAddr("fe80::1")},
		},
		"no server":      {content: "search a.example\n", wantError: "names none; use --dns-servers or --capture-all-dns"},
		"no address":     {content: "nameserver dns\n", wantError: `"dns" is not an IP address`},
		"no file at all": {wantError: "name them with --dns-servers"},
	} {
		t.Run(sentence, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "resolv.conf")
			if c.content != "" {
				if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := resolvers(file)
			if c.wantError == "" && err != nil || c.wantError != "" && (err == nil || !strings.Contains(err.Error(), c.wantError)) {
				t.Errorf("error %v, want %q", err, c.wantError)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
