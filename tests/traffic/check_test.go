//go:build linux

package traffic_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// TestCheck shows that each kind of difference is found.
func TestCheck(t *testing.T) {
	for sentence, c := range map[string]struct{ applied, checked, want string }{
		"no rules": {
			applied: "-m NONE", checked: "-i * -b *",
			want: "missing: table traffic-redirect\nmissing: address ::6/128 on lo\n",
		},
		"rules that should not be there": {
			applied: "-i *", checked: "-m NONE",
			want: "unexpected: table traffic-redirect\nunexpected: address ::6/128 on lo\n",
		},
		"another port": {
			applied: "-i * -p 15002", checked: "-i *",
			want: "missing: chain capture-outbound: meta l4proto tcp redirect to :15001\n" +
				"unexpected: chain capture-outbound: meta l4proto tcp redirect to :15002\n",
		},
		"another element": {
			applied: "-i * -x 10.0.0.0/8", checked: "-i * -x 10.0.0.0/9",
			want: "missing: set excluded-ranges-ipv4: 10.0.0.0/9\nunexpected: set excluded-ranges-ipv4: 10.0.0.0/8\n",
		},
		"the other mode": {
			applied: "-m REDIRECT", checked: "-m TPROXY",
			want: "missing: IPv6 rule fwmark 1337 lookup 133\n",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := newScene(t)
			w.apply(t, strings.Fields(c.applied)...)
			before := w.state(t)
			got := w.run(t, nil, append(strings.Fields(c.checked), "--check")...)
			if got.Code != 1 || got.Stderr != "" || !strings.Contains(got.Stdout, c.want) {
				t.Errorf("got %+v, want exit code 1 and %q", got, c.want)
			}
			sameLines(t, w.state(t), before)
		})
	}
}

// TestCheckFindsChanges shows that --check sees what somebody else does to the table, by any means.
func TestCheckFindsChanges(t *testing.T) {
	table := &nftables.Table{Name: "traffic-redirect", Family: nftables.TableFamilyINet}
	drop := nftables.ChainPolicyDrop
	for sentence, c := range map[string]struct {
		change func(*nftables.Conn) error
		want   string
	}{
		"a rule that the program never makes": {
			change: func(connection *nftables.Conn) error {
				chain := &nftables.Chain{Name: "outbound"}
				connection.InsertRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
					&expr.Counter{}, &expr.Verdict{Kind: expr.VerdictAccept},
				}})
				return nil
			},
			want: "unexpected: chain outbound: unknown expression \"counter\"\n",
		},
		"a rule that is the program's, in another place": {
			change: func(connection *nftables.Conn) error {
				chain := &nftables.Chain{Name: "outbound"}
				connection.InsertRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
					&expr.Verdict{Kind: expr.VerdictGoto, Chain: "capture-outbound"},
				}})
				return nil
			},
			want: "unexpected: chain outbound: goto capture-outbound\n",
		},
		"an element taken away, another added": {
			change: func(connection *nftables.Conn) error {
				set := &nftables.Set{Table: table, Name: "excluded-outbound-ports", KeyType: nftables.TypeInetService}
				if err := connection.SetDeleteElements(set, []nftables.SetElement{{Key: []byte{0, 22}}}); err != nil {
					return err
				}
				return connection.SetAddElements(set, []nftables.SetElement{{Key: []byte{0, 23}}})
			},
			want: "missing: set excluded-outbound-ports: 22\nunexpected: set excluded-outbound-ports: 23\n",
		},
		"a chain and its policy": {
			change: func(connection *nftables.Conn) error {
				connection.AddChain(&nftables.Chain{
					Table: table, Name: "wall", Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookInput,
					Priority: nftables.ChainPriorityFilter, Policy: &drop,
				})
				return nil
			},
			want: "chain wall: policy drop\nunexpected: chain wall: type filter hook 1 priority 0; policy accept;\n",
		},
		"everything": {
			change: func(connection *nftables.Conn) error {
				connection.DelTable(table)
				return nil
			},
			want: "missing: table traffic-redirect\n",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := newScene(t)
			args := []string{"-i", "*", "-o", "22"}
			w.apply(t, args...)
			connection, err := nftables.New(nftables.WithNetNSFd(int(w.Pod.Handle)))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.change(connection); err != nil {
				t.Fatal(err)
			}
			if err := connection.Flush(); err != nil {
				t.Fatal(err)
			}
			want := world.Result{Code: 1, Stdout: c.want}
			if got := w.run(t, nil, append(args, "--check")...); got != want {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
			// Applied again, all is well.
			w.apply(t, args...)
		})
	}
}

// TestCheckFindsDormantTable shows that --check sees that the rules are there and switched off.
func TestCheckFindsDormantTable(t *testing.T) {
	w := newScene(t)
	w.apply(t, "-i", "*")
	if err := w.Pod.Do(world.Root, makeDormant); err != nil {
		t.Fatal(err)
	}
	want := world.Result{Code: 1, Stdout: "table traffic-redirect is dormant\n"}
	if got := w.run(t, nil, "-i", "*", "--check"); got != want {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

// makeDormant switches off the rules of the table.
func makeDormant() error {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	begin := nl.NewNetlinkRequest(unix.NFNL_MSG_BATCH_BEGIN, 0)
	begin.AddData(&nl.Nfgenmsg{ResId: nl.Swap16(unix.NFNL_SUBSYS_NFTABLES)})
	table := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWTABLE, unix.NLM_F_ACK)
	table.AddData(&nl.Nfgenmsg{NfgenFamily: unix.NFPROTO_INET})
	table.AddData(nl.NewRtAttr(unix.NFTA_TABLE_NAME, nl.ZeroTerminated("traffic-redirect")))
	table.AddData(nl.NewRtAttr(unix.NFTA_TABLE_FLAGS, nl.BEUint32Attr(unix.NFT_TABLE_F_DORMANT)))
	end := nl.NewNetlinkRequest(unix.NFNL_MSG_BATCH_END, 0)
	end.AddData(&nl.Nfgenmsg{ResId: nl.Swap16(unix.NFNL_SUBSYS_NFTABLES)})
	batch := slices.Concat(begin.Serialize(), table.Serialize(), end.Serialize())
	return unix.Sendto(socket, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}
