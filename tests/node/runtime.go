//go:build linux

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// podRange and podRange6 are those of pods' addresses, and socket containerd's.
const (
	podRange  = "10.244.0.0/24"
	podRange6 = "fd00:10:244::/64"
	socket    = "/run/containerd/containerd.sock"
)

// containerdConfig has containerd's configuration, for the folders of the network
// plug-ins and of their configuration. A process in a user's sandbox may not lower
// its oom_score_adj, so nothing here does.
const containerdConfig = `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "` + socket + `"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "` + PauseImage + `"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = [%q]
  conf_dir = %q
`

// cniConfig gives each pod a pair of interfaces with the node, an address of either
// family, and a route to everything over the node.
const cniConfig = `{
  "cniVersion": "1.0.0",
  "name": "node",
  "plugins": [{
    "type": "ptp",
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "` + podRange + `"}], [{"subnet": "` + podRange6 + `"}]],
      "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}
  }]
}
`

// corefileFormat has CoreDNS's configuration, for a kubeconfig.
const corefileFormat = `. {
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig %s
  }
}
`

// kubeletConfig is the kubelet's configuration. The node belongs to the test alone,
// so whoever reaches its kubelet may use it.
func kubeletConfig(group string) string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://%s
cgroupRoot: /%s
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
evictionHard: {memory.available: 1Mi, nodefs.available: 0%%, imagefs.available: 0%%}
imageGCHighThresholdPercent: 100
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
clusterDNS: [%s]
clusterDomain: cluster.local
resolvConf: ""
syncFrequency: 10s
nodeStatusUpdateFrequency: 10s
`, socket, group, Address)
}

// startContainerd starts the container runtime.
func (n *Node) startContainerd(ctx context.Context) error {
	network := n.path("cni")
	if err := os.MkdirAll(network, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(network, "node.conflist"), []byte(cniConfig), 0o644); err != nil {
		return err
	}
	programs := n.prepared.Programs
	config := n.path("containerd.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, containerdConfig, programs.CNI, network), 0o644); err != nil {
		return err
	}
	// containerd finds its shim in PATH.
	if err := os.Setenv("PATH", filepath.Dir(programs.Containerd)+":"+os.Getenv("PATH")); err != nil {
		return err
	}
	// Without containerd and kubelet nobody ends the pods; the API server would wait
	// for their watches.
	n.Cleanup("pods", func() error { return killGroup(os.Getenv(groupVariable)) })
	ready := func(ctx context.Context) error { return n.ctr(ctx, "version") }
	return n.Run(ctx, "containerd", ready, programs.Containerd, "--config="+config)
}

// importImages puts the images onto the node.
func (n *Node) importImages(ctx context.Context) error {
	for _, archive := range n.prepared.Images {
		if err := n.ctr(ctx, "images", "import", archive); err != nil {
			return err
		}
	}
	return nil
}

// TagImage gives an image that is on the node another name.
func (n *Node) TagImage(ctx context.Context, name, other string) error {
	return n.ctr(ctx, "images", "tag", "--force", name, other)
}

// ctr runs containerd's client.
func (n *Node) ctr(ctx context.Context, args ...string) error {
	args = append([]string{"--address=" + socket, "--namespace=k8s.io"}, args...)
	output, err := exec.CommandContext(ctx, n.prepared.Programs.Ctr, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run ctr %s: %w: %s", args[2], err, output)
	}
	return nil
}
