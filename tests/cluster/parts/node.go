package parts

import (
	"context"
	"path/filepath"
)

// Node are the programs of a node, beside those of the control plane, as
// absolute paths. runc is not among them: it is a package of the system's.
type Node struct {
	KubeScheduler, Kubelet, KubeProxy string
	CoreDNS                           string
	// Containerd and Ctr are in one folder with the shim.
	Containerd, Ctr string
	// CNI is the folder of the network plug-ins.
	CNI string
	// ContainerdVersion and CoreDNSVersion are those that the go.mod files ask for.
	ContainerdVersion, CoreDNSVersion string
}

// BuildNode returns the programs of a node, building those that are not there
// yet, as Build does. Options.Assets is not looked at.
func BuildNode(ctx context.Context, o Options) (*Node, error) {
	node, programs, err := planNode(o)
	if err != nil {
		return nil, err
	}
	return node, buildMissing(ctx, programs, o.Progress)
}

// planNode says where every program of a node shall be and how to build it.
func planNode(o Options) (*Node, []program, error) {
	dir := func(name string) string { return filepath.Join(o.Repository, modules, name) }
	kubernetes, err := required(dir("kubernetes"), "k8s.io/kubernetes")
	if err != nil {
		return nil, nil, err
	}
	containerd, err := required(dir("containerd"), "github.com/containerd/containerd/v2")
	if err != nil {
		return nil, nil, err
	}
	plugins, err := required(dir("containerd"), "github.com/containernetworking/plugins")
	if err != nil {
		return nil, nil, err
	}
	coredns, err := required(dir("coredns"), "github.com/coredns/coredns")
	if err != nil {
		return nil, nil, err
	}
	sum, err := sumOfMain(dir("coredns"))
	if err != nil {
		return nil, nil, err
	}

	bin := filepath.Join(o.Repository, "bin")
	kube := filepath.Join(bin, "node-"+kubernetes)
	runtime := filepath.Join(bin, "containerd-"+containerd)
	node := &Node{
		KubeScheduler: filepath.Join(kube, "kube-scheduler"),
		Kubelet:       filepath.Join(kube, "kubelet"),
		KubeProxy:     filepath.Join(kube, "kube-proxy"),
		CoreDNS:       filepath.Join(bin, "coredns-"+coredns+"-"+sum, "coredns"),
		Containerd:    filepath.Join(runtime, "containerd"),
		Ctr:           filepath.Join(runtime, "ctr"),
		CNI:           filepath.Join(bin, "cni-"+plugins),

		ContainerdVersion: containerd,
		CoreDNSVersion:    coredns,
	}
	var programs []program
	for _, path := range []string{node.KubeScheduler, node.Kubelet, node.KubeProxy} {
		programs = append(programs, kubernetesProgram(path, dir("kubernetes"), kubernetes))
	}
	for _, path := range []string{node.Containerd, filepath.Join(runtime, "containerd-shim-runc-v2"), node.Ctr} {
		programs = append(programs, program{
			path: path, module: dir("containerd"), pkg: "github.com/containerd/containerd/v2/cmd/" + filepath.Base(path),
			version: containerd,
			// Its headers would have to be there.
			tags: "no_btrfs",
		})
	}
	for _, pkg := range []string{"ipam/host-local", "main/loopback", "main/ptp"} {
		programs = append(programs, program{
			path: filepath.Join(node.CNI, filepath.Base(pkg)), module: dir("containerd"),
			pkg: "github.com/containernetworking/plugins/plugins/" + pkg, version: plugins,
		})
	}
	programs = append(programs, program{path: node.CoreDNS, module: dir("coredns"), pkg: ".", version: coredns})
	return node, programs, nil
}
