//go:build linux

package kernel

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/config"
)

func TestExplain(t *testing.T) {
	for cause, want := range map[error]string{
		unix.EPERM: "apply: operation not permitted: the container needs the capability NET_ADMIN, and to run as root " +
			"(securityContext: runAsUser: 0, capabilities: {add: [NET_ADMIN]})",
		unix.EPROTONOSUPPORT: "apply: protocol not supported: the kernel has no nftables; load nf_tables on the node (modprobe nf_tables)",
		unix.ENOENT: "apply: no such file or directory: the kernel lacks a part of nftables, or is older than Linux 5.2; " +
			"load on the node: modprobe -a nf_tables nft_chain_nat nft_ct nft_nat nft_redir nft_tproxy",
		unix.ENOBUFS: "apply: no buffer space available: too many ports or IP ranges for one transaction; give fewer, larger ranges",
		unix.EBUSY:   "apply: device or resource busy",
	} {
		got := explain("apply", cause, everything(config.TProxy))
		if got.Error() != want || !errors.Is(got, cause) {
			t.Errorf("\n got %v\nwant %s", got, want)
		}
	}
}
