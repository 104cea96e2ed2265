//go:build linux

package traffic_test

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/tests/traffic/world"
)

// istioArguments are those of Istio's init container in an injected pod, with everything that a pod can ask for.
const istioArguments = "istio-iptables -p 15001 -z 15006 -u 1337 -g 1337 -i 10.0.0.0/8,fd00::/8 -x 10.1.0.0/16,fd01::/16 " +
	"-b * -d 15090,15021,15020 -q 5432 -o 22 -c net1 -k vm0 --redirect-dns --capture-all-dns --log_output_level=default:info"

// state is what the namespace has of rules, sets, routing rules, and routes and addresses of the loopback interface. Those
// of the other interfaces are not compared: the kernel adds some when it learns, some time later, that the wires are up.
func (w scene) state(t *testing.T) []string {
	t.Helper()
	var lines []string
	err := w.Pod.Do(world.Root, func() (err error) {
		lines, err = dump()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Pod.Configure(t, func(h *netlink.Handle) error {
		loopback, err := h.LinkByName("lo")
		if err != nil {
			return err
		}
		for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
			rules, err := h.RuleList(family)
			if err != nil {
				return err
			}
			for _, rule := range rules {
				lines = append(lines, fmt.Sprintf("rule %d fwmark %d: %s", family, rule.Mark, rule))
			}
			routes, err := h.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
			if err != nil {
				return err
			}
			for _, route := range routes {
				if route.LinkIndex == loopback.Attrs().Index {
					lines = append(lines, fmt.Sprintf("route %d: %s", family, route))
				}
			}
			addresses, err := h.AddrList(loopback, family)
			if err != nil {
				return err
			}
			for _, address := range addresses {
				lines = append(lines, fmt.Sprintf("address %d: %s", family, address.IPNet))
			}
		}
		return nil
	})
	return lines
}

// TestTwiceIsOnce shows that a restarted pod sandbox, in which the program runs again, has the rules once.
func TestTwiceIsOnce(t *testing.T) {
	for _, mode := range []string{"REDIRECT", "TPROXY", "NONE"} {
		t.Run(mode, func(t *testing.T) {
			w := newScene(t)
			args := append(strings.Fields(istioArguments), "-m", mode)
			w.apply(t, args...)
			once := w.state(t)
			w.apply(t, args...)
			sameLines(t, w.state(t), once)
		})
	}
}

// TestRemoveTakesAllAway shows that nothing stays, also of rules of another mode that were there before.
func TestRemoveTakesAllAway(t *testing.T) {
	w := newScene(t)
	before := w.state(t)
	for _, mode := range []string{"REDIRECT", "TPROXY", "NONE"} {
		t.Run(mode, func(t *testing.T) {
			args := append(strings.Fields(istioArguments), "-m", mode)
			w.apply(t, args...)
			if mode != "NONE" && len(w.state(t)) == len(before) {
				t.Fatal("there is nothing to remove")
			}
			for _, remove := range []string{"--remove", "--cleanup-only"} {
				if got := w.run(t, nil, append(args, remove)...); got.Code != 0 || got.Stderr != "" {
					t.Fatalf("%s: exit code %d: %s", remove, got.Code, got.Stderr)
				}
				sameLines(t, w.state(t), before)
			}
		})
	}
}

// TestModesReplaceEachOther shows that what one mode needs does not stay for the other.
func TestModesReplaceEachOther(t *testing.T) {
	w := newScene(t)
	states := map[string][]string{}
	for _, mode := range []string{"REDIRECT", "TPROXY", "NONE", "TPROXY", "REDIRECT"} {
		w.apply(t, append(strings.Fields(istioArguments), "-m", mode)...)
		if states[mode] == nil {
			states[mode] = w.state(t)
		}
		sameLines(t, w.state(t), states[mode])
	}
}

// TestOthersStay shows that a table of somebody else is left alone.
func TestOthersStay(t *testing.T) {
	w := newScene(t)
	connection, err := nftables.New(nftables.WithNetNSFd(int(w.Pod.Handle)))
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range []nftables.TableFamily{nftables.TableFamilyINet, nftables.TableFamilyIPv4} {
		table := connection.AddTable(&nftables.Table{Name: "somebody-else", Family: family})
		connection.AddChain(&nftables.Chain{Table: table, Name: "chain"})
	}
	if err := connection.Flush(); err != nil {
		t.Fatal(err)
	}
	before := w.state(t)
	w.apply(t, "-i", "*", "-b", "*", "-m", "TPROXY")
	if got := w.run(t, nil, "--remove"); got.Code != 0 {
		t.Fatal(got)
	}
	sameLines(t, w.state(t), before)
}

// TestRefused shows that nothing changes where the program cannot do all of it, and that one line says why.
func TestRefused(t *testing.T) {
	unprivileged := func(command *exec.Cmd) {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1000, Gid: 1000}}
	}
	for sentence, c := range map[string]struct {
		args   string
		change func(*exec.Cmd)
		code   int
		want   string
	}{
		"arguments that are wrong": {
			args: "-i * -x 10.0.0.0/40", code: 2,
			want: "error: -x / --exclude-outbound-ip-ranges (annotation traffic.sidecar.istio.io/excludeOutboundIPRanges): " +
				"\"10.0.0.0/40\" is not an IP range such as 10.0.0.0/8\n",
		},
		"no capability": {
			args: "-i * -m TPROXY", change: unprivileged, code: 1,
			want: "error: open nftables: netlink receive: operation not permitted: the container needs the capability NET_ADMIN, " +
				"and to run as root (securityContext: runAsUser: 0, capabilities: {add: [NET_ADMIN]})\n",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := newScene(t)
			w.apply(t, "-i", "*")
			before := w.state(t)
			got := w.run(t, c.change, strings.Fields(c.args)...)
			if want := (world.Result{Code: c.code, Stderr: c.want}); got != want {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
			sameLines(t, w.state(t), before)
		})
	}
}

// TestCapabilityIsEnough shows that a process needs no other privilege than NET_ADMIN.
func TestCapabilityIsEnough(t *testing.T) {
	w := newScene(t)
	for _, action := range []string{"--dry-run=false", "--check", "--remove"} {
		got := w.run(t, func(command *exec.Cmd) {
			command.SysProcAttr = &syscall.SysProcAttr{
				Credential:  &syscall.Credential{Uid: 1000, Gid: 1000},
				AmbientCaps: []uintptr{unix.CAP_NET_ADMIN},
			}
		}, "-m", "TPROXY", "-i", "*", action)
		if got.Code != 0 || got.Stderr != "" {
			t.Errorf("%s: exit code %d: %s", action, got.Code, got.Stderr)
		}
	}
}

// TestWithoutIPv6 shows that a pod with IPv4 alone needs nothing of IPv6.
func TestWithoutIPv6(t *testing.T) {
	w := newScene(t)
	w.Pod.Set(t, "net/ipv6/conf/all/disable_ipv6", "1")
	w.Answer(t, w.Peer, "peer", 80)
	for _, mode := range []string{"REDIRECT", "TPROXY"} {
		w.apply(t, "-i", "*", "-b", "*", "-m", mode)
	}
}

// TestTimeToApply prints how long a thousand ranges and ports take; twice, since the second time replaces the first.
func TestTimeToApply(t *testing.T) {
	w := newScene(t)
	var ranges, ports []string
	for i := range 1000 {
		// Every second range, so that none can be joined.
		ranges = append(ranges, fmt.Sprintf("10.%d.%d.0/24", i/128, i%128*2), fmt.Sprintf("fd00:%x::/32", i*2))
		ports = append(ports, fmt.Sprint(20000+i))
	}
	args := []string{"-i", "*", "-b", "*", "-x", strings.Join(ranges, ","), "-o", strings.Join(ports, ","), "-d", strings.Join(ports, ",")}
	for _, what := range []string{"apply", "replace", "check"} {
		if what == "check" {
			args = append(args, "--check")
		}
		start := time.Now()
		if got := w.run(t, nil, args...); got.Code != 0 || got.Stderr != "" {
			t.Fatalf("%s: exit code %d: %.500s", what, got.Code, got.Stderr+got.Stdout)
		}
		t.Logf("%s 1000 IPv4 ranges, 1000 IPv6 ranges, 1000 outbound and 1000 inbound ports: %s", what, time.Since(start).Round(time.Millisecond))
	}
}

// sameLines compares lists of lines in any order.
func sameLines(t *testing.T, got, want []string) {
	t.Helper()
	count := map[string]int{}
	for _, line := range got {
		count[line]++
	}
	for _, line := range want {
		count[line]--
	}
	for line, n := range count {
		if n > 0 {
			t.Errorf("the namespace has too much: %s", line)
		} else if n < 0 {
			t.Errorf("the namespace lacks: %s", line)
		}
	}
}
