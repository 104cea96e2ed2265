package routes

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
)

func TestCommands(t *testing.T) {
	for mode, want := range map[config.Mode][]string{
		config.None:     nil,
		config.Redirect: {"ip -6 address add ::6/128 dev lo"},
		config.TProxy: {
			"ip -6 address add ::6/128 dev lo",
			"ip -4 route add local default dev lo table 7", "ip -4 rule add fwmark 9 lookup 7",
			"ip -6 route add local default dev lo table 7", "ip -6 rule add fwmark 9 lookup 7",
		},
	} {
		c := config.Config{Mode: mode, Mark: 9, RouteTable: 7}
		if diff := cmp.Diff(want, For(c).Commands()); diff != "" {
			t.Errorf("%s: %s", mode, diff)
		}
		if diff := cmp.Diff([]string(nil), None(c).Commands()); diff != "" {
			t.Errorf("%s: %s", mode, diff)
		}
	}
}
